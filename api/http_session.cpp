#include "api/http_session.hpp"

#include "api/head_check.hpp"
#include "api/problem.hpp"

#include <boost/asio/write.hpp>

#include <spdlog/spdlog.h>

#include <cerrno>

#include <sys/socket.h>

namespace wheelwork {

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::beast::error_code;

namespace {

constexpr size_t kept_capacity_max = 16u << 10;
constexpr size_t answers_in_a_row_max = 32;
constexpr uint64_t lingered_bytes_max = 64u << 20;
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

http_session::http_session(http_socket socket, session_host& host, uint64_t number)
    : socket_{std::move(socket)}, host_{host}, number_{number} {}

http_session::~http_session() { host_.release_body(reserved_); }

void http_session::start() {
  error_code ignored; // a connection that is gone already shows at its first read
  socket_.non_blocking(true, ignored);
  socket_.set_option(net::ip::tcp::no_delay{true}, ignored);
  error_code error;
  if (const auto local = socket_.local_endpoint(error); !error) local_address_ = local.address().to_string();
  if (const auto remote = socket_.remote_endpoint(error); !error) remote_address_ = remote.address().to_string();
  enter(phase::idle, host_.options().header_timeout);
  host_.waits_for_client(*this);
  await_readable();
}

void http_session::enter(phase next, milliseconds allowed) {
  phase_ = next;
  deadline_ = host_.now() + allowed;
}

void http_session::await_readable() {
  socket_.async_wait(http_socket::wait_read, [self = shared_from_this()](error_code error) {
    if (error || self->phase_ == phase::closed) return;
    if (self->phase_ == phase::lingering) return self->linger_read();
    if (self->read_more()) self->pump();
  });
}

void http_session::await_writable() {
  socket_.async_wait(http_socket::wait_write, [self = shared_from_this()](error_code error) {
    if (!error && self->phase_ == phase::writing) self->pump();
  });
}

/// False: nothing to do now; waits or is closed.
bool http_session::read_more() {
  error_code error;
  const auto scratch = host_.scratch();
  const auto size = socket_.read_some(scratch, error);
  if (error == net::error::would_block || error == net::error::try_again) {
    await_readable();
    return false;
  }
  if (error) {
    if (error == net::error::eof)
      at_end_of_stream();
    else
      close();
    return false;
  }
  in_.append(static_cast<const char*>(scratch.data()), size);
  return true;
}

void http_session::at_end_of_stream() {
  if (phase_ == phase::idle && consumed_ == in_.size()) return close();
  reject(problem(400, "the connection was closed in the middle of a request"));
}

/// Goes on until something has to be waited for.
void http_session::pump() {
  if (pumping_) return;
  const auto self = shared_from_this();
  pumping_ = true;
  for (size_t answers = 0; phase_ != phase::closed;) {
    if (phase_ == phase::waiting) {
      if (!answer_) break;
      prepare(*std::exchange(answer_, std::nullopt));
    } else if (phase_ == phase::writing) {
      if (!write_more() || !after_write()) break;
      if (++answers == answers_in_a_row_max) { // others get their turn
        net::post(socket_.get_executor(), [self] { self->pump(); });
        break;
      }
    } else if (phase_ == phase::lingering) {
      break;
    } else if (!consume()) {
      drop_consumed();
      await_readable();
      break;
    }
  }
  pumping_ = false;
}

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

void http_session::dispatch() {
  parser_.reset();
  host_.works(*this);
  enter(phase::waiting, host_.options().answer_timeout);
  const auto respond = host_.make_responder(*this, ++exchange_);
  try {
    host_.handler().handle(std::move(request_), respond);
  } catch (const std::exception& error) {
    spdlog::error("api: a request could not be handled: {}", error.what());
    respond(problem(500, "the request could not be handled; the node's log says why"));
  }
}

void http_session::answer(uint64_t exchange, http_answer answer) {
  if (phase_ != phase::waiting || exchange != exchange_ || answer_) {
    if (answer.undelivered) answer.undelivered();
    return;
  }
  gone_ = nullptr;
  answer_ = std::move(answer);
  pump();
}

void http_session::wait_long(uint64_t exchange, milliseconds at_most, std::function<void()> gone) {
  if (phase_ != phase::waiting || exchange != exchange_ || answer_) return;
  deadline_ = host_.now() + std::max(at_most, host_.options().answer_timeout);
  gone_ = std::move(gone);
  if (gone_) watch_client();
}

/// Nothing is read while a request waits, so a client that goes away would show only when the answer is sent.
void http_session::watch_client() {
  socket_.async_wait(http_socket::wait_read, [self = shared_from_this()](error_code error) {
    if (error || !self->gone_) return;
    char peeked;
    const auto size = ::recv(self->socket_.native_handle(), &peeked, 1, MSG_PEEK | MSG_DONTWAIT);
    if (size > 0) return; // its next request: it is there
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return self->watch_client();
    self->close();
  });
}

/// Answers and closes: what the client still sends of this request is not looked at.
void http_session::reject(http_answer answer) {
  closing_ = true;
  host_.works(*this);
  prepare(std::move(answer));
  pump();
}

void http_session::prepare(http_answer answer) {
  host_.release_body(std::exchange(reserved_, 0));
  parser_.reset();
  host_.works(*this);
  if (!keep_alive_ || host_.stopping()) closing_ = true;
  const bool has_body = answer.status != 204;
  out_.clear();
  out_.reserve(320 + answer.extra_head.size() + answer.body.size());
  out_.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ").append(status_title(answer.status));
  out_.append("\r\n").append(host_.date_line());
  if (has_body)
    out_.append("Content-Type: ")
        .append(answer.content_type)
        .append("\r\nContent-Length: ")
        .append(std::to_string(answer.body.size()))
        .append("\r\n");
  out_.append("X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n").append(answer.extra_head);
  if (closing_)
    out_.append("Connection: close\r\n");
  else if (version_1_0_)
    out_.append("Connection: keep-alive\r\n");
  out_.append("\r\n");
  if (has_body && !head_only_) out_.append(answer.body);
  sent_ = 0;
  undelivered_ = std::move(answer.undelivered);
  enter(phase::writing, host_.options().write_timeout);
}

/// False: waits for room in the send buffer, or is closed.
bool http_session::write_more() {
  error_code error;
  while (sent_ < out_.size()) {
    const auto size = socket_.write_some(net::buffer(out_.data() + sent_, out_.size() - sent_), error);
    if (error == net::error::would_block || error == net::error::try_again) {
      await_writable();
      return false;
    }
    if (error) {
      close();
      return false;
    }
    sent_ += size;
    deadline_ = host_.now() + host_.options().write_timeout;
  }
  return true;
}

/// False: no further request on this connection.
bool http_session::after_write() {
  undelivered_ = nullptr;
  if (out_.capacity() > kept_capacity_max) out_ = {};
  if (closing_) {
    // Closing with unread bytes would reset the connection and might take the answer with it.
    error_code ignored;
    socket_.shutdown(net::ip::tcp::socket::shutdown_send, ignored);
    in_ = {};
    enter(phase::lingering, host_.options().linger_timeout);
    linger_read();
    return false;
  }
  head_only_ = false;
  enter(phase::idle, host_.options().idle_timeout);
  host_.waits_for_client(*this);
  return true;
}

void http_session::linger_read() {
  error_code error;
  while (!error) {
    const auto size = socket_.read_some(host_.scratch(), error);
    lingered_ += size;
    if (lingered_ > lingered_bytes_max) return close();
  }
  if (error == net::error::would_block || error == net::error::try_again)
    await_readable();
  else
    close();
}

void http_session::sweep() {
  if (host_.now() < deadline_) return;
  switch (phase_) {
  case phase::head: return reject(problem(408, "the head of the request did not arrive in time (api.header_timeout)"));
  case phase::body: return reject(problem(408, "the body of the request did not arrive in time (api.body_timeout)"));
  case phase::waiting:
    return answer(exchange_,
                  problem_later(503,
                                "the node did not answer in time; the request may have been applied or not. Repeat it "
                                "with the same Idempotency-Key",
                                std::chrono::seconds{1}));
  default: close();
  }
}

void http_session::close_if_idle() {
  if (phase_ == phase::idle && consumed_ == in_.size()) close();
}

void http_session::give_up() {
  if (phase_ == phase::waiting)
    answer(exchange_, problem_later(503,
                                    "the node stops; the request may have been applied or not. Repeat it with the same "
                                    "Idempotency-Key",
                                    std::chrono::seconds{1}));
  else if (phase_ != phase::writing)
    close();
}

void http_session::close() {
  if (phase_ == phase::closed) return;
  phase_ = phase::closed;
  error_code ignored; // nothing is left to be done with it
  socket_.close(ignored);
  host_.works(*this);
  if (answer_ && answer_->undelivered) undelivered_ = std::move(answer_->undelivered);
  for (const auto& told : {std::exchange(gone_, nullptr), std::exchange(undelivered_, nullptr)})
    if (told) told();
  host_.ended(*this);
}

} // namespace wheelwork
