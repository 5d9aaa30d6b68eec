// Takes messages from a source, hands them to the pool's target, and acknowledges those whose work is done. What it has
// in hand stays in the source until then, so a consumer may be killed at any time.
#pragma once

#include "actors/consumer_table.hpp"
#include "actors/pool_statistics.hpp"
#include "actors/queue_intake.hpp"
#include "messages/operations.hpp"
#include "messages/pooling.hpp"
#include "schedule/message_book.hpp"
#include "sources/source.hpp"
#include "targets/runner.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <random>

namespace wheelwork {

struct consumer_settings {
  uint32_t number = 0;         ///< in its pool
  uint16_t slot = 0;           ///< in the node's table
  uint64_t random_seed = 1;    ///< another one for each consumer that ever was: its messages' ids and keys come from it
  milliseconds patience{1000}; ///< for the first message of an empty source; so long a retirement may wait
  milliseconds keep_alive{500};    ///< how often the source hears from it while it works
  milliseconds failure_pause{250}; ///< between calls of a source that fails
  milliseconds journal_pause{500}; ///< before a message that could not be recorded is recorded again
  size_t batch_max = 512;          ///< messages taken at once
  size_t batch_bytes = 16u << 20;
};

struct consumer_dependencies {
  pool_ptr pool;
  std::shared_ptr<source> from;
  std::array<std::shared_ptr<runner>, target_kinds> runners;
  std::shared_ptr<consumer_table> table;
  std::shared_ptr<pool_statistics> statistics;
  std::array<uint8_t, 16> database_secret{};
  const clock_source* clock = nullptr;
  std::function<void(push_request)> push; ///< of messages that are recorded as jobs
  message_translator translate;           ///< none: the job of a message is a run of the pool's target
};

class consumer_state {
public:
  static inline const char* name = "consumer";

  explicit consumer_state(consumer_actor::pointer self) : self_{self} {}
  ~consumer_state();

  consumer_actor::behavior_type make_behavior(consumer_settings settings, consumer_dependencies with,
                                              consumer_pool_actor owner);

private:
  struct message {
    taken_message what;
    job order; ///< the message as runners see it
    std::shared_ptr<message_origin> from;
    uint32_t attempts = 0;
    uint32_t retries_used = 0;
    std::optional<dead_message> dead; ///< given up, not yet buried
    bool in_flight = false;
    bool apart = false;  ///< has waited for a moment of its own
    bool lost = false;   ///< somebody else has it
    bool wanted = false; ///< its place is to go to another: it is not tried again here
  };
  using message_map = absl::flat_hash_map<uint64_t, message>; ///< by token

  void work();
  void work_soon();
  void work_later(milliseconds pause);
  void go_on_later();
  void begin_attempts();
  std::optional<milliseconds> hold_back(message& one);
  void record_as_jobs();
  result<new_job, std::string> job_of(const message& one) const;
  void end_recording(const messages_recorded& answer);
  void end_attempt(attempt_result& result);
  void fetch();
  bool waits_for_its_batch() const;
  bool wants_more() const;
  void let_source_know();
  void take_in(source_news& news);
  message made_from(taken_message&& what);
  void name_once(message& one) const;
  void drop_lost(const std::vector<message_token>& lost);
  void forget(uint64_t token);
  void bury_dead();
  void adapt_batch();
  void leave();
  void take_back_waiting();
  void take_back(uint64_t token, message& one);
  void hand_over(const std::vector<message_token>& wanted);
  void give_back(const std::vector<uint64_t>& untouched);
  void note_failure(const std::string& failure);
  void note_recording(const std::string& failure);
  void show_failure();
  void count_ready(bool ready);
  void count_busy();
  void count_hand(size_t in_hand, size_t waiting);
  message_limits limits() const;
  size_t in_flight_max() const;
  const std::shared_ptr<runner>& runner_of(const resolved_target& how) const;

  consumer_actor::pointer self_;
  consumer_settings settings_;
  consumer_dependencies with_;
  consumer_pool_actor owner_;
  std::optional<message_book> book_;
  message_map messages_;
  absl::flat_hash_map<uint64_t, uint64_t> token_of_id_; ///< of messages at the target
  std::vector<message_token> done_;                     ///< to be acknowledged with the next call of the source
  std::vector<uint64_t> dead_;                          ///< tokens of messages that wait for their burial
  std::minstd_rand chance_;
  uint64_t next_id_ = 0;
  size_t batch_ = 1;
  std::chrono::steady_clock::time_point batch_taken_at_{}, last_call_{}, failed_until_{}, no_take_before_{},
      busy_since_{}, later_at_{};
  milliseconds empty_pause_{0};
  bool busy_ = false, soon_ = false, retiring_ = false, left_ = false;
  size_t counted_in_hand_ = 0, counted_waiting_ = 0;
  bool counted_ready_ = false;
  std::string failure_, recording_failure_, shown_failure_;
};

/// Blocks in the source: spawn it detached, except in tests.
consumer_actor::behavior_type consumer(consumer_actor::stateful_pointer<consumer_state> self,
                                       consumer_settings settings, consumer_dependencies with,
                                       consumer_pool_actor owner);

} // namespace wheelwork
