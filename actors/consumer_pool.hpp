// Spawns and retires the consumers of one pool, as its policy says to what the lag monitor sees.
#pragma once

#include "actors/consumer.hpp"
#include "actors/lag_monitor.hpp"
#include "schedule/scaling_state.hpp"
#include "sources/uncommitted_records.hpp"

#include <map>
#include <random>
#include <set>

namespace wheelwork {

/// What pools of a node share, and how they reach what is outside of the actors; tests put their own in its place.
struct pool_environment {
  std::string node;
  uint64_t incarnation = 0;
  std::array<uint8_t, 16> database_secret{};
  broker_connections connections;
  std::array<std::shared_ptr<runner>, target_kinds> runners;
  std::shared_ptr<consumer_table> table = std::make_shared<consumer_table>();
  const clock_source* clock = nullptr;
  std::function<void(push_request)> push;
  std::map<std::string, message_translator> translators; ///< by pool
  bool detached = true;                                  ///< false in deterministic tests
  milliseconds patience{1000};                           ///< of consumers for the first message; zero in such tests
  lag_monitor_settings looking;
  std::function<result<std::unique_ptr<source>, std::string>(const source_setup&, uint32_t)> open_source;
  std::function<result<std::unique_ptr<source_monitor>, std::string>(const source_setup&)> open_monitor;
};
using pool_environment_ptr = std::shared_ptr<const pool_environment>;

/// How long to wait before what crashed is replaced: longer each time, and short again after a minute without a crash.
class crash_pauses {
public:
  milliseconds pause_after(steady_time crash);

private:
  std::optional<steady_time> last_;
  unsigned in_row_ = 0;
};

class consumer_pool_state {
public:
  static inline const char* name = "consumer_pool";

  explicit consumer_pool_state(consumer_pool_actor::pointer self) : self_{self} {}

  consumer_pool_actor::behavior_type make_behavior(pool_ptr pool, pool_environment_ptr with,
                                                   std::shared_ptr<pool_statistics> statistics,
                                                   pool_registry_actor registry);

private:
  struct member {
    consumer_actor actor;
    bool retiring = false;
  };

  void change(const pool_ptr& pool);
  void open_monitor();
  void hear(const backlog_seen& seen);
  void note_failure(const backlog_seen& seen);
  void bring_to(uint32_t wanted, const std::string& reason);
  bool spawn_one();
  void retire_one();
  void lost(const caf::down_msg& gone);
  void replace_monitor(const caf::error& reason);
  uint32_t working() const;
  bool stands() const { return pool_->paused || ending_; }
  scaling_bounds bounds() const;
  source_setup setup() const;
  void tell(pool_event event);
  void tell_of_consumer(const pool_event& event);
  bool is_told(const std::string& failure) const;
  void end_if_empty();

  consumer_pool_actor::pointer self_;
  pool_ptr pool_;
  pool_environment_ptr with_;
  std::shared_ptr<pool_statistics> statistics_;
  pool_registry_actor registry_;
  std::optional<scaling_state> policy_;
  lag_monitor_actor monitor_;
  std::map<uint32_t, member> members_; ///< by number
  std::set<caf::actor_addr> children_; ///< until their exit was heard
  std::shared_ptr<uncommitted_records> uncommitted_ = std::make_shared<uncommitted_records>();
  uint32_t next_number_ = 1;
  std::optional<uint32_t> partitions_;
  uint32_t wanted_ = 0;
  crash_pauses consumer_crashes_, monitor_crashes_;
  std::random_device chance_;
  bool replacing_ = false, ending_ = false;
  std::string failure_; ///< of the monitor
  struct {
    std::string text;
    steady_time quiet_until{};
  } consumer_failure_;
};

consumer_pool_actor::behavior_type consumer_pool(consumer_pool_actor::stateful_pointer<consumer_pool_state> self,
                                                 pool_ptr pool, pool_environment_ptr with,
                                                 std::shared_ptr<pool_statistics> statistics,
                                                 pool_registry_actor registry);

} // namespace wheelwork
