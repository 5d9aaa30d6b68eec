// One request and its answer on a libcurl easy handle: one hop of an attempt.
#pragma once

#include "schedule/time.hpp"
#include "targets/egress_guard.hpp"
#include "targets/http_request.hpp"

#include <curl/curl.h>
#include <memory>

namespace wheelwork {

struct transfer_limits {
  milliseconds connect_timeout{};
  milliseconds total_timeout{}; ///< what is left of the attempt's
  size_t kept_bytes = 0;        ///< of the body, in RAM
  size_t read_bytes = 0;        ///< of the body; past it the connection is closed
  std::string ca_file;          ///< empty: the system's
};

/// Used on one thread only. The request and the guard must outlive it.
class http_transfer {
public:
  /// Throws std::runtime_error when libcurl refuses an option.
  http_transfer(const http_request& request, const egress_guard& guard, const transfer_limits& limits,
                bool on_new_connection);
  http_transfer(const http_transfer&) = delete;
  http_transfer& operator=(const http_transfer&) = delete;

  CURL* handle() const { return handle_.get(); }

  // What is known once the transfer ended.
  bool answered(CURLcode code) const; ///< a whole answer, or as much of its body as is read
  int status() const;
  const std::string& body() const { return body_; }
  uint64_t body_bytes() const { return body_bytes_; } ///< read, kept or not
  bool body_too_long() const { return body_bytes_ > limits_.read_bytes; }
  std::optional<std::string> header(const char* name) const;
  std::optional<std::string> redirect_url() const;
  bool sent() const { return sent_; }                   ///< a connection stood and the request went out
  bool refused() const { return refusal_.has_value(); } ///< by the guard
  bool out_of_total_time(CURLcode code) const;
  /// Why there is no answer, in words.
  std::string failure_text(CURLcode code) const;

private:
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int before_request(void* self, char* peer, char* local, int peer_port, int local_port);
  static size_t take_header(char* data, size_t size, size_t count, void* self);
  static size_t take_body(char* data, size_t size, size_t count, void* self);

  template <class Value>
  void set(CURLoption option, Value value);
  void set_connection(bool on_new_connection);
  void set_method();
  void set_headers();
  void add_header(const std::string& line);
  std::string connection_failure() const;
  std::string unconnected() const;
  std::string timeout_failure(CURLcode code) const;

  const http_request& request_;
  const egress_guard& guard_;
  transfer_limits limits_;
  std::unique_ptr<CURL, void (*)(CURL*)> handle_;
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers_;
  std::array<char, CURL_ERROR_SIZE> libcurl_text_{};
  std::string peer_; ///< the last address that a connection was begun to
  std::optional<std::string> refusal_;
  int socket_error_ = 0;
  bool sent_ = false;
  size_t header_bytes_ = 0;
  std::string body_;
  uint64_t body_bytes_ = 0;
};

} // namespace wheelwork
