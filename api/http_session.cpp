#include "api/http_session.hpp"

#include "api/problem.hpp"

#include <boost/asio/write.hpp>

#include <spdlog/spdlog.h>

#include <cerrno>

#include <sys/socket.h>

namespace wheelwork {

namespace net = boost::asio;
using boost::beast::error_code;

namespace {

constexpr size_t answers_in_a_row_max = 32;
constexpr uint64_t lingered_bytes_max = 64u << 20;

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
