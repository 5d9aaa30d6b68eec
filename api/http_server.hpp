// The HTTP/1.1 server: connections, limits and time-outs on one I/O thread. It knows no routes: a handler answers each
// request, at once or later from any thread.
#pragma once

#include "api/http_message.hpp"
#include "schedule/time.hpp"

#include <functional>
#include <memory>

namespace wheelwork {

struct http_server_options {
  std::string listen = "127.0.0.1:0"; ///< host:port; an IPv6 address in brackets
  size_t header_bytes_max = 16u << 10;
  uint64_t body_bytes_max = 4u << 20;
  uint64_t all_bodies_bytes_max = 256u << 20; ///< announced by all requests that are being read; past it 503
  size_t connections_max = 10'000;     ///< past it the connection that has waited longest for its request is closed
  milliseconds header_timeout{10'000}; ///< from the first byte of a request to the end of its head
  milliseconds body_timeout{30'000};   ///< from there to the end of its body
  milliseconds idle_timeout{60'000};   ///< between requests
  milliseconds answer_timeout{30'000}; ///< how long a request may wait for its answer
  milliseconds write_timeout{30'000};  ///< without progress in sending an answer
  milliseconds linger_timeout{2'000};  ///< how long what a refused client still sends is read and dropped
  milliseconds sweep_interval{500};    ///< how often time-outs are looked at
};

class answer_box;

/// Answers one request, from any thread, once; later answers and those to a connection that went away are dropped.
class responder {
public:
  responder(std::shared_ptr<answer_box> box, uint64_t connection, uint64_t exchange)
      : box_{std::move(box)}, connection_{connection}, exchange_{exchange} {}
  void operator()(http_answer answer) const;
  /// This answer may take so long. `gone`, unless it is empty, is called when the client goes away before it: on the
  /// I/O thread, at most once. Only within http_handler::handle().
  void wait_long(milliseconds at_most, std::function<void()> gone) const;

private:
  std::shared_ptr<answer_box> box_;
  uint64_t connection_, exchange_;
};

/// Called on the I/O thread.
class http_handler {
public:
  virtual ~http_handler() = default;
  /// Looks at a head before its body is read: an answer refuses the request. Sets the caller's role otherwise.
  virtual std::optional<http_answer> refuse(const http_head& head, token_role& role) = 0;
  /// Must see to it that `respond` is called; an exception is answered with 500.
  virtual void handle(http_request request, responder respond) = 0;
};

class http_server {
public:
  /// Listens. `handler` and `clock` must outlive it. Throws std::runtime_error naming the address and the cause.
  http_server(http_server_options options, http_handler& handler, const clock_source& clock);
  /// As stop().
  ~http_server();
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// Starts the I/O thread; the handler is called from now on.
  void start();
  uint16_t port() const;
  /// Open connections now, for metrics. Any thread.
  size_t connections() const;
  /// Runs this on the I/O thread after what is already waiting there. Any thread.
  void post(std::function<void()> work);
  /// No new connections; idle ones are closed, others after their answer. Any thread.
  void stop_accepting();
  /// Answers what still waits with 503, sends what is ready for at most a second, closes all, ends the thread. Not on
  /// the I/O thread.
  void stop();

private:
  class state;
  std::unique_ptr<state> state_;
};

} // namespace wheelwork
