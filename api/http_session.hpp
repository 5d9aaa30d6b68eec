// One connection: reads a request, waits for its answer, sends it, and then reads the next one (pipelined requests wait
// in its buffer).
#pragma once

#include "api/http_server.hpp"

#include <utility> // asio's awaitable.hpp of Boost 1.74 misses it

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/intrusive/list.hpp>

namespace wheelwork {

/// With the executor's own type: the type-erased one costs a tenth of the rate.
using http_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

class http_session;

/// What a session needs of its server; all on the I/O thread.
class session_host {
public:
  virtual ~session_host() = default;
  virtual const http_server_options& options() const = 0;
  virtual std::chrono::steady_clock::time_point now() const = 0;
  /// Shared by all sessions, for one read at a time.
  virtual boost::asio::mutable_buffer scratch() = 0;
  virtual std::string_view date_line() = 0;
  virtual bool stopping() const = 0;
  virtual http_handler& handler() = 0;
  virtual responder make_responder(const http_session& session, uint64_t exchange) = 0;
  /// Takes room for an announced body; false: there is none.
  virtual bool reserve_body(uint64_t bytes) = 0;
  virtual void release_body(uint64_t bytes) = 0;
  /// The session waits for a request or a part of one (and may be closed to make room), or it does no longer.
  virtual void waits_for_client(http_session& session) = 0;
  virtual void works(http_session& session) = 0;
  virtual void ended(http_session& session) = 0;
};

class http_session : public std::enable_shared_from_this<http_session> {
public:
  http_session(http_socket socket, session_host& host, uint64_t number);
  ~http_session();

  uint64_t number() const { return number_; }
  void start();
  /// The answer of an exchange; ignored unless that one is waiting.
  void answer(uint64_t exchange, http_answer answer);
  /// See responder::wait_long.
  void wait_long(uint64_t exchange, milliseconds at_most, std::function<void()> gone);
  /// Looks at the deadline.
  void sweep();
  /// Closes if no request is in hand.
  void close_if_idle();
  /// The server stops: a waiting request is answered with 503, the rest is closed.
  void give_up();
  void close();

  boost::intrusive::list_member_hook<> hook; ///< in the server's list of those that wait for their client

private:
  enum class phase : uint8_t { idle, head, body, waiting, writing, lingering, closed };
  using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  static constexpr size_t kept_capacity_max = 16u << 10; ///< of buffers between requests

  void pump();
  bool read_more();
  // http_session_request.cpp
  bool consume();
  bool consume_head();
  bool consume_body();
  bool begin_body();
  bool check_access();
  void drop_consumed();

  void dispatch();
  void reject(http_answer answer);
  void prepare(http_answer answer);
  bool write_more();
  bool after_write();
  void at_end_of_stream();
  void await_readable();
  void await_writable();
  void enter(phase next, milliseconds allowed);
  void linger_read();
  void watch_client();

  http_socket socket_;
  session_host& host_;
  const uint64_t number_;
  std::string local_address_, remote_address_; ///< empty: the connection was gone at once
  uint64_t exchange_ = 0;                      ///< number of the request in hand
  phase phase_ = phase::idle;
  bool pumping_ = false;
  bool keep_alive_ = true;
  bool version_1_0_ = false;
  bool head_only_ = false; ///< answer to HEAD
  bool closing_ = false;   ///< after this answer
  std::chrono::steady_clock::time_point deadline_;
  std::string in_; ///< received, from consumed_ on not yet used
  size_t consumed_ = 0;
  size_t searched_ = 0;   ///< of in_: no end of the head before here
  uint64_t reserved_ = 0; ///< bytes of body announced
  uint64_t lingered_ = 0;
  std::optional<parser> parser_;
  http_request request_;
  std::optional<http_answer> answer_;
  std::function<void()> gone_;        ///< while a long wait goes on
  std::function<void()> undelivered_; ///< of the answer that is being sent
  std::string out_;
  size_t sent_ = 0;
};

} // namespace wheelwork
