#include "targets/http_transfer.hpp"

#include "targets/http_url.hpp"
#include "targets/text_matching.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/socket.h>

namespace wheelwork {

namespace {

/// All headers of an answer together, trailers and interim answers too.
constexpr size_t header_bytes_max = 128 << 10;

} // namespace

template <class Value>
void http_transfer::set(CURLoption option, Value value) {
  const auto code = curl_easy_setopt(handle_.get(), option, value);
  if (code != CURLE_OK) throw std::runtime_error{fmt::format("libcurl: {}", curl_easy_strerror(code))};
}

http_transfer::http_transfer(const http_request& request, const egress_guard& guard, const transfer_limits& limits,
                             bool on_new_connection)
    : request_{request}, guard_{guard}, limits_{limits}, handle_{curl_easy_init(), curl_easy_cleanup},
      headers_{nullptr, curl_slist_free_all} {
  if (!handle_) throw std::bad_alloc{};
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_ERRORBUFFER, libcurl_text_.data());
  set(CURLOPT_HEADERFUNCTION, &http_transfer::take_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &http_transfer::take_body);
  set(CURLOPT_WRITEDATA, this);
  set_connection(on_new_connection);
  set_method();
  set_headers();
}

void http_transfer::set_connection(bool on_new_connection) {
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  // Over HTTP/2 libcurl 7.88 loses the answer of a server that answers before it has read the body (RFC 9113, section
  // 8.1, allows it): the transfer ends as an error of its stream, or never.
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_PROXY, ""); // none, whatever the environment says
  set(CURLOPT_PATH_AS_IS, 1L);
  // Otherwise the end of a transfer whose name is not resolved yet waits for the resolver, and with it every other
  // transfer.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max(limits_.connect_timeout, milliseconds{1}).count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max(limits_.total_timeout, milliseconds{1}).count()));
  set(CURLOPT_OPENSOCKETFUNCTION, &http_transfer::open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_PREREQFUNCTION, &http_transfer::before_request);
  set(CURLOPT_PREREQDATA, this);
  if (on_new_connection) set(CURLOPT_FRESH_CONNECT, 1L);
  if (!limits_.ca_file.empty()) set(CURLOPT_CAINFO, limits_.ca_file.c_str());
}

void http_transfer::set_method() {
  const auto& method = request_.method;
  if (method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
    return;
  }
  // A body of no bytes is announced as such where a body is expected.
  const bool expects_body = method == "POST" || method == "PUT" || method == "PATCH";
  if (request_.has_body || expects_body) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request_.body.empty() ? "" : request_.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  }
  if (method != "GET" && method != "POST") set(CURLOPT_CUSTOMREQUEST, method.c_str());
}

void http_transfer::add_header(const std::string& line) {
  auto* longer = curl_slist_append(headers_.get(), line.c_str());
  if (!longer) throw std::bad_alloc{};
  (void)headers_.release(); // the same list, or its first element
  headers_.reset(longer);
}

void http_transfer::set_headers() {
  bool has_content_type = false;
  for (const auto* group : {&request_.own, &request_.users, &request_.signature})
    for (const auto& [name, value] : *group) {
      // libcurl writes "Name:" without a value only for this spelling.
      add_header(value.empty() ? name + ';' : fmt::format("{}: {}", name, value));
      has_content_type = has_content_type || name == "Content-Type";
    }
  if (!has_content_type) add_header("Content-Type:"); // libcurl would call any body a form
  add_header("Expect:");
  set(CURLOPT_USERAGENT, "wheelwork/" WHEELWORK_VERSION);
  set(CURLOPT_HTTPHEADER, headers_.get());
}

curl_socket_t http_transfer::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<http_transfer*>(self);
  transfer.peer_ = endpoint_of(address->addr);
  const auto ip = address_of(address->addr);
  auto refusal =
      ip ? transfer.guard_.refusal(*ip) : std::optional<std::string>{"an address that is neither IPv4 nor IPv6"};
  if (refusal) {
    if (!transfer.refusal_) transfer.refusal_ = std::move(refusal);
    return CURL_SOCKET_BAD;
  }
  const auto socket_number = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket_number < 0) transfer.socket_error_ = errno;
  return socket_number;
}

// Kept-alive connections don't pass open_socket again, and the guard may have changed since they were made.
int http_transfer::before_request(void* self, char* peer, char*, int peer_port, int) {
  auto& transfer = *static_cast<http_transfer*>(self);
  const std::string_view text = peer ? peer : "";
  const auto ip = parse_address(text.substr(0, text.find('%')));
  auto refusal =
      ip ? transfer.guard_.refusal(*ip) : std::optional<std::string>{"the address of the connection is not known"};
  if (refusal) {
    transfer.refusal_ = std::move(refusal);
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.refusal_.reset(); // another address of the same name may be called
  transfer.peer_ = endpoint_of(text, static_cast<unsigned>(peer_port));
  transfer.sent_ = true;
  return CURL_PREREQFUNC_OK;
}

size_t http_transfer::take_header(char*, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<http_transfer*>(self);
  transfer.header_bytes_ += size * count;
  return transfer.header_bytes_ > header_bytes_max ? 0 : size * count;
}

size_t http_transfer::take_body(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<http_transfer*>(self);
  const size_t bytes = size * count;
  const size_t room = transfer.limits_.kept_bytes - std::min(transfer.limits_.kept_bytes, transfer.body_.size());
  transfer.body_.append(data, std::min(room, bytes));
  transfer.body_bytes_ += bytes;
  return transfer.body_too_long() ? 0 : bytes;
}

bool http_transfer::answered(CURLcode code) const {
  return code == CURLE_OK || (code == CURLE_WRITE_ERROR && body_too_long());
}

int http_transfer::status() const {
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::optional<std::string> http_transfer::header(const char* name) const {
  curl_header* found = nullptr;
  if (curl_easy_header(handle_.get(), name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return std::nullopt;
  return found->value;
}

std::optional<std::string> http_transfer::redirect_url() const {
  char* url = nullptr;
  if (curl_easy_getinfo(handle_.get(), CURLINFO_REDIRECT_URL, &url) != CURLE_OK || url == nullptr) return std::nullopt;
  return url;
}

bool http_transfer::out_of_total_time(CURLcode code) const {
  if (code != CURLE_OPERATION_TIMEDOUT) return false;
  curl_off_t microseconds = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_TOTAL_TIME_T, &microseconds);
  return sent_ || limits_.total_timeout <= limits_.connect_timeout ||
         microseconds / 1000 + 1 >= limits_.total_timeout.count();
}

std::string http_transfer::connection_failure() const {
  long error = socket_error_;
  if (error == 0) curl_easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &error);
  if (error == ECONNREFUSED) return "connection refused by " + peer_;
  if (socket_error_ != 0)
    return fmt::format("no socket to call {}: {}", peer_, std::generic_category().message(socket_error_));
  if (error != 0)
    return fmt::format("no connection to {}: {}", peer_, std::generic_category().message(static_cast<int>(error)));
  return fmt::format("no connection to {}: {}", peer_, libcurl_text_.data());
}

/// How far a transfer came that did not get to send its request.
std::string http_transfer::unconnected() const {
  if (peer_.empty()) return fmt::format("the name {} was not resolved", host_of(request_.url));
  return (begins_without_case(request_.url, "https") ? "no TLS connection to " : "no connection to ") + peer_;
}

std::string http_transfer::timeout_failure(CURLcode code) const {
  if (!out_of_total_time(code))
    return fmt::format("{} within {} ms (http_target.connect_timeout)", unconnected(), limits_.connect_timeout.count());
  if (!sent_) return unconnected();
  if (header_bytes_ == 0) return peer_ + " did not answer";
  return fmt::format("{} did not finish its answer, of whose body {} bytes came", peer_, body_bytes_);
}

std::string http_transfer::failure_text(CURLcode code) const {
  if (refusal_) return *refusal_;
  const std::string_view detail = libcurl_text_[0] != '\0' ? libcurl_text_.data() : curl_easy_strerror(code);
  switch (code) {
  case CURLE_COULDNT_RESOLVE_HOST: return "name not resolved: " + host_of(request_.url);
  case CURLE_COULDNT_CONNECT: return connection_failure();
  case CURLE_OPERATION_TIMEDOUT: return timeout_failure(code);
  case CURLE_GOT_NOTHING: return peer_ + " closed the connection without an answer";
  case CURLE_PARTIAL_FILE:
    return fmt::format("{} closed the connection in the middle of its answer, after {} bytes of the body", peer_,
                       body_bytes_);
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR: return fmt::format("the connection to {} broke: {}", peer_, detail);
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_WEIRD_SERVER_REPLY: return fmt::format("the answer of {} is not HTTP: {}", peer_, detail);
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CONNECT_ERROR: return fmt::format("TLS with {} failed: {}", peer_, detail);
  case CURLE_WRITE_ERROR:
    if (header_bytes_ > header_bytes_max)
      return fmt::format("the headers of the answer of {} are longer than {} KiB", peer_, header_bytes_max >> 10);
    break;
  default: break;
  }
  return fmt::format("the call to {} failed: {}", peer_.empty() ? host_of(request_.url) : peer_, detail);
}

} // namespace wheelwork
