#include "app/client.hpp"

#include "app/console.hpp"
#include "config/checks.hpp"
#include "config/expand.hpp"

#include <algorithm>
#include <curl/curl.h>
#include <nlohmann/json.hpp>

namespace wheelwork {
namespace {

constexpr long connect_timeout_seconds = 5;
constexpr size_t answer_size_max = size_t{256} << 20;

struct curl_text {
  char* text;
  ~curl_text() { curl_free(text); }
};

size_t keep_body(char* data, size_t, size_t size, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size > answer_size_max) return 0; // the transfer fails
  body.append(data, size);
  return size;
}

size_t keep_head(char* data, size_t, size_t size, void* into) {
  std::string_view line{data, size};
  constexpr std::string_view name = "etag:";
  bool is_tag =
      line.size() > name.size() && std::equal(name.begin(), name.end(), line.begin(), [](char left, char right) {
        return left == (right >= 'A' && right <= 'Z' ? right - 'A' + 'a' : right);
      });
  if (is_tag) {
    line.remove_prefix(name.size());
    auto first = std::min(line.find_first_not_of(" \t"), line.size());
    line.remove_prefix(first);
    *static_cast<std::string*>(into) = std::string{line.substr(0, line.find_last_not_of(" \t\r\n") + 1)};
  }
  return size;
}

std::string checked_server(std::string server) {
  while (server.ends_with('/')) server.pop_back();
  bool known = server.starts_with("http://") || server.starts_with("https://");
  if (!known || server.find_first_of(" \t\r\n?#") != std::string::npos)
    throw api_client::bad_server("--server \"" + server + "\" must be a URL such as http://127.0.0.1:7373");
  return server;
}

std::string checked_token(const std::string& given) {
  auto token = read_secret(given);
  if (!token) throw api_client::bad_server("--token: " + token.error());
  bool plain = std::all_of(token->begin(), token->end(), [](char each) { return each > ' ' && each < '\x7f'; });
  if (!plain) throw api_client::bad_server("--token must be printable ASCII without blanks");
  return *token;
}

/// A proxy of the environment is for the world outside, never for this machine.
bool is_this_machine(const std::string& server) {
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url{curl_url(), &curl_url_cleanup};
  char* host = nullptr;
  if (!url || curl_url_set(url.get(), CURLUPART_URL, server.c_str(), 0) != CURLUE_OK ||
      curl_url_get(url.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK)
    throw api_client::bad_server("--server \"" + server + "\" must be a URL such as http://127.0.0.1:7373");
  curl_text text{host};
  std::string name = host;
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return is_loopback(name);
}

} // namespace

struct api_client::connection {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle{curl_easy_init(), &curl_easy_cleanup};
  std::string base;
  std::string token;
  bool direct = false;
};

api_client::api_client(const client_options& options) : connection_{std::make_unique<connection>()} {
  if (!connection_->handle) throw std::runtime_error("libcurl can't be started");
  connection_->base = checked_server(options.server);
  connection_->token = checked_token(options.token);
  connection_->direct = is_this_machine(connection_->base);
}

api_client::~api_client() = default;

result<http_reply, std::string> api_client::send(const outgoing_request& request) {
  auto* handle = connection_->handle.get();
  curl_easy_reset(handle); // keeps the connection
  http_reply reply;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> head{nullptr, &curl_slist_free_all};
  auto add = [&](const std::string& line) { head.reset(curl_slist_append(head.release(), line.c_str())); };
  add("Accept: application/json");
  add("Expect:");
  if (!connection_->token.empty()) add("Authorization: Bearer " + connection_->token);
  if (!request.idempotency_key.empty()) add("Idempotency-Key: " + request.idempotency_key);
  if (!request.body.empty()) add("Content-Type: " + request.content_type);
  auto url = connection_->base + "/api/v1" + request.path;
  std::array<char, CURL_ERROR_SIZE> reason{};
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason.data());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "wheelwork/" WHEELWORK_VERSION);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, connect_timeout_seconds);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max(request.at_most, milliseconds{1}).count()));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, head.get());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &keep_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &keep_head);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &reply.entity_tag);
  if (connection_->direct) curl_easy_setopt(handle, CURLOPT_PROXY, "");
  if (request.method != "GET") {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  auto code = curl_easy_perform(handle);
  if (code != CURLE_OK) return failure(std::string{reason.front() != '\0' ? reason.data() : curl_easy_strerror(code)});
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply.status);
  return reply;
}

std::string url_part(std::string_view text) {
  std::string part;
  for (char each : text) {
    auto byte = static_cast<unsigned char>(each);
    bool plain = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') ||
                 each == '-' || each == '_' || each == '.' || each == '~';
    if (plain)
      part += each;
    else
      part += {'%', "0123456789ABCDEF"[byte >> 4], "0123456789ABCDEF"[byte & 15]};
  }
  // A name of dots alone would be taken for a folder on its way.
  if (part == "." || part == "..") return part == "." ? "%2E" : "%2E%2E";
  return part;
}

std::string query_of(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string query;
  for (const auto& [name, value] : members)
    if (!value.empty()) query += (query.empty() ? "?" : "&") + name + "=" + url_part(value);
  return query;
}

std::string reason_of(const http_reply& reply) {
  auto document = nlohmann::json::parse(reply.body, nullptr, false);
  auto status = "HTTP " + std::to_string(reply.status);
  if (!document.is_object()) return status + ", and the answer is not one of wheelwork";
  auto text_of = [](const nlohmann::json& from, const char* name) {
    auto found = from.find(name);
    return found != from.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  auto reason = text_of(document, "detail");
  if (reason.empty()) reason = text_of(document, "title");
  if (reason.empty()) reason = status;
  if (reply.status == 401) reason += "; give one with --token or in WHEELWORK_TOKEN";
  auto errors = document.find("errors");
  if (errors == document.end() || !errors->is_array()) return reason;
  if (errors->size() == 1 && errors->front().is_object() && text_of(errors->front(), "message") == reason)
    return text_of(errors->front(), "pointer") + (text_of(errors->front(), "pointer").empty() ? "" : ": ") + reason;
  for (const auto& error : *errors) {
    if (!error.is_object()) continue;
    auto pointer = text_of(error, "pointer");
    reason += "\n  " + pointer + (pointer.empty() ? "" : ": ") + text_of(error, "message");
  }
  return reason;
}

int refusal_code(const http_reply& reply) {
  for (long bad_input : {400, 413, 415, 422})
    if (reply.status == bad_input) return wrong_use;
  return refused;
}

nlohmann::json json_of(const http_reply& reply) {
  auto document = nlohmann::json::parse(reply.body, nullptr, false);
  if (document.is_discarded())
    throw std::runtime_error("the server's answer is no JSON; is --server a wheelwork node?");
  return document;
}

int complain_unreachable(const client_options& options, const std::string& reason) {
  complain("no answer from " + options.server + ": " + reason + "; is the node running, and is --server right?");
  return unreachable;
}

int exchange(const client_options& options, const outgoing_request& request,
             const std::function<int(const http_reply&)>& on_success) {
  try {
    api_client client{options};
    auto reply = client.send(request);
    if (!reply) return complain_unreachable(options, reply.error());
    if (reply->ok()) return on_success(*reply);
    complain(reason_of(*reply));
    return refusal_code(*reply);
  } catch (const api_client::bad_server& problem) {
    complain(problem.what());
    return wrong_use;
  }
}

} // namespace wheelwork
