// The front for clients of the delay_queue service: its `POST /api/task/save` with its own answers. What is saved is an
// ordinary job with the label `front`: `delay_queue`.
#pragma once

#include "actors/node_service.hpp"
#include "api/http_server.hpp"

namespace wheelwork {

class delay_queue_front {
public:
  /// Listens and serves from now on. `limits`: its address is that of the settings. `node` must outlive every callback
  /// that it still owes, and this object. `in_flight_max`: saves that wait for their commit; past it clients are told
  /// to try again. Throws std::runtime_error naming the address and the cause.
  delay_queue_front(const delay_queue_front_settings& settings, node_service& node, http_server_options limits,
                    uint32_t in_flight_max);
  /// As stop().
  ~delay_queue_front();
  delay_queue_front(const delay_queue_front&) = delete;
  delay_queue_front& operator=(const delay_queue_front&) = delete;

  uint16_t port() const;
  /// No new connections, idle ones are closed, requests in hand are still answered. Any thread.
  void stop_accepting();
  /// Answers what still waits, closes all. Not on a thread that answers requests.
  void stop();
  /// From now on its tokens, networks and hosts count. Any thread.
  void reload(const delay_queue_front_settings& settings);

private:
  class state;
  std::unique_ptr<state> state_;
};

} // namespace wheelwork
