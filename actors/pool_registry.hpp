// Keeps the definitions of all pools: in the journal, in the directory that the API reads, and at work as one
// consumer_pool each.
#pragma once

#include "actors/consumer_pool.hpp"
#include "actors/pool_directory.hpp"
#include "messages/pool.hpp"
#include "persistence/journal.hpp"

#include <deque>
#include <set>

namespace wheelwork {

struct pool_registry_settings {
  std::string environment;        ///< the node's --env
  std::string partition;          ///< the node's
  milliseconds write_every{1000}; ///< what happened in pools
  milliseconds begin_again{1000}; ///< after a crash of a pool
  milliseconds load_again{500};   ///< after a failure
  size_t records_max = 10'000;    ///< events, and minutes, that wait for the journal; past it the oldest are dropped
};

struct pool_registry_dependencies {
  persistence_actor persistence; ///< the first writer's: pools are no shard's
  reader_actor reader;
  pool_environment_ptr pools;
  std::shared_ptr<pool_directory> directory;
  std::vector<pool_ptr> built_in; ///< of fronts: no user changes them, no database holds them
};

class pool_registry_state {
public:
  static inline const char* name = "pool_registry";

  explicit pool_registry_state(pool_registry_actor::pointer self) : self_{self} {}

  pool_registry_actor::behavior_type make_behavior(pool_registry_settings settings, pool_registry_dependencies with);

private:
  struct running_pool {
    pool_ptr definition;
    consumer_pool_actor actor; ///< none: this node does not run it
    std::shared_ptr<pool_statistics> statistics;
    bool ending = false; ///< retires its consumers; what comes after it waits
    pool_ptr next;       ///< begins when it has ended; null: nothing
    pool_minute written; ///< totals at the end of the last minute that was closed
  };
  /// Answers the caller once it is known what became of the change.
  using then = std::function<void(const std::optional<journal_error>&)>;

  bool is_built_in(const std::string& pool) const;
  void load();
  void loaded(const pools_loaded& found);
  void put(put_pool& request);
  void remove(delete_pool& request);
  void write(journal_change change, then done);
  void hear(receipts& answers);
  void run(const pool_ptr& pool);
  void begin(running_pool& one);
  void end(const std::string& pool);
  void note_end(const std::string& pool);
  void note_crash(const caf::down_msg& gone);
  void keep(pool_event event);
  void write_records();
  void close_minute();
  void close_minute_of(const std::string& pool, running_pool& one, wall_time minute);
  bool runs_here(const pool_definition& pool) const;
  void answer_stop();

  pool_registry_actor::pointer self_;
  pool_registry_settings settings_;
  pool_registry_dependencies with_;
  bool loaded_ = false;
  std::deque<put_pool> waiting_puts_; ///< until loaded
  std::map<std::string, pool_ptr> definitions_;
  std::map<std::string, running_pool> running_;
  std::set<caf::actor_addr> children_; ///< pools, until their exit was heard
  std::set<std::string> changing_;     ///< names with a change under way
  std::map<uint64_t, then> asked_;     ///< by ticket
  uint64_t next_ticket_ = 1;
  std::deque<pool_event> events_;
  std::deque<pool_minute> minutes_; ///< that are over
  size_t events_under_way_ = 0, minutes_under_way_ = 0;
  bool dropping_ = false;
  bool records_under_way_ = false, records_refused_ = false;
  std::optional<wall_time> minute_;
  keeper_actor stop_to_;
};

pool_registry_actor::behavior_type pool_registry(pool_registry_actor::stateful_pointer<pool_registry_state> self,
                                                 pool_registry_settings settings, pool_registry_dependencies with);

} // namespace wheelwork
