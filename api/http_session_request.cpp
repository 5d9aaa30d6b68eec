// How a session reads a request: its head, who sent it, its body.
#include "api/head_check.hpp"
#include "api/http_session.hpp"
#include "api/problem.hpp"

namespace wheelwork {

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::beast::error_code;

namespace {

constexpr uint64_t small_body_max = 64u << 10; ///< not worth counting

http_method method_of(http::verb verb) {
  switch (verb) {
  case http::verb::get: return http_method::get;
  case http::verb::head: return http_method::head;
  case http::verb::put: return http_method::put;
  case http::verb::post: return http_method::post;
  case http::verb::patch: return http_method::patch;
  case http::verb::delete_: return http_method::delete_;
  default: return http_method::other;
  }
}

template <class Fields>
std::optional<std::string> optional_field(const Fields& fields, http::field name) {
  const auto found = fields.find(name);
  if (found == fields.end()) return std::nullopt;
  return std::string{found->value()};
}

std::string text_of(boost::beast::string_view view) { return {view.data(), view.size()}; }

} // namespace

/// Uses what was received. False: more is needed.
bool http_session::consume() {
  if (phase_ == phase::body) return consume_body();
  if (phase_ == phase::idle) {
    while (consumed_ < in_.size() && (in_[consumed_] == '\r' || in_[consumed_] == '\n'))
      ++consumed_; // RFC 9112 section 2.2
    if (consumed_ == in_.size()) return false;
    searched_ = consumed_;
    enter(phase::head, host_.options().header_timeout);
  }
  return consume_head();
}

bool http_session::consume_head() {
  const auto end = in_.find("\r\n\r\n", searched_);
  const auto size = (end == std::string::npos ? in_.size() : end + 4) - consumed_;
  if (size > host_.options().header_bytes_max) {
    reject(
        problem(431, "the head of a request may have " + std::to_string(host_.options().header_bytes_max) + " bytes"));
    return true;
  }
  if (end == std::string::npos) {
    searched_ = std::max(consumed_, in_.size() < 3 ? 0 : in_.size() - 3);
    return false;
  }
  const std::string_view head{in_.data() + consumed_, size};
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(host_.options().header_bytes_max) + 1);
  parser_->body_limit(host_.options().body_bytes_max);
  parser_->eager(false);
  if (const auto fault = fault_in_head(head)) {
    reject(problem(400, *fault));
    return true;
  }
  error_code error;
  consumed_ += parser_->put(net::const_buffer{head.data(), head.size()}, error);
  if (error == http::error::bad_version) {
    reject(problem(505, "the server speaks HTTP/1.1 and HTTP/1.0"));
  } else if (error && error != http::error::body_limit) {
    reject(problem(400, "the head of the request can't be read: " + error.message()));
  } else if (check_access()) {
    if (error == http::error::body_limit) {
      reject(
          problem(413, "a body may have " + std::to_string(host_.options().body_bytes_max) + " bytes (api.max_body)"));
    } else {
      return begin_body();
    }
  }
  return true;
}

/// False: the request is refused and answered.
bool http_session::check_access() {
  const auto& fields = parser_->get();
  request_ = {};
  request_.method = method_of(fields.method());
  const auto whole = text_of(fields.target());
  const auto question = whole.find('?');
  request_.path = whole.substr(0, question);
  if (question != std::string::npos) request_.query = whole.substr(question + 1);
  request_.host = text_of(fields[http::field::host]);
  request_.content_type = text_of(fields[http::field::content_type]);
  request_.origin = optional_field(fields, http::field::origin);
  request_.authorization = optional_field(fields, http::field::authorization);
  request_.if_match = optional_field(fields, http::field::if_match);
  request_.if_none_match = optional_field(fields, http::field::if_none_match);
  if (const auto key = fields.find("Idempotency-Key"); key != fields.end())
    request_.idempotency_key = text_of(key->value());
  request_.local_address = local_address_;
  request_.remote_address = remote_address_;
  version_1_0_ = fields.version() < 11;
  head_only_ = request_.method == http_method::head;
  keep_alive_ = fields.keep_alive();
  if (auto refusal = host_.handler().refuse(request_, request_.role)) {
    if (parser_->is_done())
      prepare(std::move(*refusal));
    else
      reject(std::move(*refusal));
    return false;
  }
  return true;
}

bool http_session::begin_body() {
  const auto length = parser_->content_length();
  const auto expected = length ? *length : parser_->chunked() ? host_.options().body_bytes_max : 0;
  if (expected > small_body_max) {
    if (!host_.reserve_body(expected)) {
      reject(problem_later(503, "too many large bodies are being read at once; try again", std::chrono::seconds{1}));
      return true;
    }
    reserved_ = expected;
  }
  const auto expect = parser_->get()[http::field::expect];
  if (!expect.empty() && !boost::beast::iequals(expect, "100-continue")) {
    reject(problem(417, "the only expectation known is 100-continue"));
    return true;
  }
  enter(phase::body, host_.options().body_timeout);
  if (!expect.empty() && !version_1_0_ && consumed_ == in_.size() && expected > 0) {
    error_code error; // 25 bytes fit into an empty send buffer; a broken connection shows at the next read
    socket_.write_some(net::buffer(std::string_view{"HTTP/1.1 100 Continue\r\n\r\n"}), error);
  }
  return true;
}

bool http_session::consume_body() {
  error_code error;
  while (!parser_->is_done()) {
    const auto left = in_.size() - consumed_;
    if (left == 0) return false;
    const auto used = parser_->put(net::const_buffer{in_.data() + consumed_, left}, error);
    consumed_ += used;
    if (error == http::error::need_more) {
      error = {};
      if (used == 0 && left > kept_capacity_max)
        error = http::error::header_limit; // an endless line between chunks
      else if (used == 0)
        return false;
    }
    if (error == http::error::body_limit) {
      reject(
          problem(413, "a body may have " + std::to_string(host_.options().body_bytes_max) + " bytes (api.max_body)"));
      return true;
    }
    if (error) {
      reject(problem(400, "the body of the request can't be read: " + error.message()));
      return true;
    }
  }
  request_.body = std::move(parser_->get().body());
  dispatch();
  return true;
}

void http_session::drop_consumed() {
  in_.erase(0, consumed_);
  searched_ = searched_ > consumed_ ? searched_ - consumed_ : 0;
  consumed_ = 0;
  if (in_.empty() && in_.capacity() > kept_capacity_max) in_ = {};
}

} // namespace wheelwork
