// The attempts of all redis targets on one connection, and the thread that writes them.
#pragma once

#include "brokers/redis_connection.hpp"
#include "targets/redis_runner.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

namespace wheelwork {

/// What the lanes of a runner share. Outlives them.
struct redis_lane_setup {
  attempt_identity identity;
  const clock_source* clock = nullptr;
  results_sink sink; ///< calls may come from several lanes, one at a time
  ack_awaiter acks;
};

class redis_lane {
public:
  redis_lane(const redis_lane_setup& setup, const redis_address& server);
  ~redis_lane() { stop(); }

  void add(attempt_order order);
  void cancel(job_id id, uint32_t number);
  /// What runs is abandoned.
  void stop();

private:
  using steady_time = std::chrono::steady_clock::time_point;
  struct attempt {
    attempt_order order;
    steady_time times_out_at{};
    wall_time started_at{};
    bool sent = false;
    bool waits_for_ack = false; ///< somebody else answers it, unless the write fails
    bool answered = false;
  };

  void work();
  std::vector<attempt> next_ones();
  void send(std::vector<attempt> these);
  void receive();
  void end_cancelled_and_late();
  void fail_all(const redis_failure& why);
  void confirm(attempt& written, const redis_reply& answer);
  void answer(attempt& which, attempt_outcome outcome, std::string error, std::string response = {});
  void tell();

  const redis_lane_setup& setup_;
  redis_connection connection_;
  std::vector<attempt_result> results_; ///< not told yet
  std::deque<attempt> under_way_;       ///< in the order of their answers

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::deque<attempt> queue_;
  std::set<std::pair<uint64_t, uint32_t>> cancelled_;
  std::thread thread_;
};

} // namespace wheelwork
