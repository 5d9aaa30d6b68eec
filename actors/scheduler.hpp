// Owns one shard: the only one who decides a transition of its jobs.
//
// The files of this actor, by subject: scheduler.cpp (behaviour, ids, the way to the journal and to the wheel),
// scheduler_loading.cpp (recovery and windows), scheduler_firing.cpp (fires of tasks), scheduler_starts.cpp (starts
// that are committed first), scheduler_outcomes.cpp (ends of attempts), scheduler_tasks.cpp (edits of tasks),
// scheduler_jobs.cpp (pushes, cancelling and retrying by hand).
#pragma once

#include "actors/jobs_in_hand.hpp"
#include "actors/node_statistics.hpp"
#include "actors/outcome_decision.hpp"
#include "actors/reader.hpp"
#include "actors/start_rules.hpp"
#include "actors/task_directory.hpp"
#include "actors/task_runtime.hpp"
#include "messages/firing.hpp"
#include "messages/journaling.hpp"
#include "messages/operations.hpp"
#include "messages/running.hpp"
#include "schedule/id_generator.hpp"
#include "schedule/timing_wheel.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <random>

namespace wheelwork {

struct scheduler_settings {
  shard_id shard{};
  uint16_t shards = 1;
  std::string node;
  std::string environment;
  std::string partition;
  milliseconds horizon{120'000};
  size_t load_rows = 5000;         ///< in one query
  milliseconds plan_ahead{2000};   ///< fires of the next two seconds are journaled together
  milliseconds plan_lead{500};     ///< as soon as less than this is left, the next ones are planned
  milliseconds no_room_pause{250}; ///< before a load is tried again that found no room in RAM
  milliseconds reload_after_error{500};
  uint32_t random_seed = 1;
};

struct scheduler_dependencies {
  persistence_actor persistence;
  reader_actor reader;
  dispatcher_actor dispatcher;
  std::vector<wheel_slot_actor> slots;
  keeper_actor keeper;
  const clock_source* clock = nullptr;
  std::shared_ptr<node_statistics> statistics;
  std::shared_ptr<hot_budget> budget;
  std::shared_ptr<task_directory> directory;
  std::vector<attempt_name> adopted; ///< attempts of this shard that go on under helpers of an earlier incarnation
};

class scheduler_state {
public:
  static inline const char* name = "scheduler";

  explicit scheduler_state(scheduler_actor::pointer self) : self_{self} {}

  scheduler_actor::behavior_type make_behavior(scheduler_settings settings, scheduler_dependencies with);

private:
  using continuation = std::function<void(const journal_receipt&)>;
  using decision = std::variant<job_end, job_again>;

  // ---- scheduler.cpp
  wall_time now() const { return with_.clock->wall_now(); }
  uint64_t now_ms() const { return static_cast<uint64_t>(std::max<int64_t>(now().time_since_epoch().count(), 0)); }
  uint64_t new_id();
  void reserve_ids(journal_change& change, size_t count);
  void write(journal_change change, continuation then);
  void hear(receipts& answers);
  void when_written(job_id id, std::function<void()> then);
  void written(job_id id);
  void arm_or_let_go(std::vector<job> jobs);
  void place_armed(std::vector<job> jobs);
  bool belongs_here(const job& any) const;
  void hand_over(std::vector<job> jobs);
  void settle_if_idle();

  // ---- scheduler_loading.cpp
  void begin_recovery();
  void recover(const shard_recovered& answer);
  void recover_task(const task_row& row, const std::vector<job>& live_fires);
  void drop_fires_of_inactive(task_runtime& task, journal_change& change);
  void recover_open_attempts(const std::vector<recovered_job>& open_attempts);
  void load_next();
  void load_later(milliseconds wait);
  void load_again();
  void take_window(window_loaded& window);
  bool possibly_started(const job& loaded) const;
  bool possibly_waiting_for_worker(const job& fire) const;
  void write_lost(std::vector<std::pair<job, attempt_record>> lost);
  void add_decision(journal_change& change, decision what);
  void finish_loading_step(bool complete, bool room);
  void forget_adopted_strangers();

  // ---- scheduler_firing.cpp
  void take_due(std::vector<job> jobs);
  void take_due_fires(task_runtime& task, std::vector<job> jobs, journal_change& change);
  void admit(task_runtime& task, job fire, journal_change& change);
  void settle_missed_fires(task_runtime& task, journal_change& change);
  void start_fire(task_runtime& task, job fire);
  void start_waiting(task_runtime& task);
  void send_started();
  void replace_unfinished(task_runtime& task);
  void skip_fire(task_runtime& task, const job& fire, skip_verdict verdict, journal_change& change);
  void note_skip(task_runtime& task, skipped_span span, skip_verdict verdict, journal_change& change);
  void plan(task_runtime& task, journal_change& change);
  std::vector<wall_time> coming_fires(task_runtime& task, journal_change& change);
  bool runs_left(const task_runtime& task) const;
  static wall_time last_instant(const task_definition& task);
  new_job make_job(const task_definition& task, job_origin origin, wall_time fire_time, wall_time due_at);
  void prepare(task_runtime& task, wall_time fire_time, journal_change& change);
  void show_next_fire(task_runtime& task);
  void with_state(task_runtime& task, journal_change& change);
  void write_firing(journal_change change);
  void fire_ended(const job& fire, wall_time ended_at);
  task_runtime* task_of(task_id id);

  // ---- scheduler_starts.cpp
  void start_or_start_carefully(std::vector<job> jobs);
  void begin_for_workers(std::vector<job> jobs);
  void commit_starts(std::vector<job> careful);
  void refuse_starts(const std::vector<job>& jobs);
  void take_starts_back(std::vector<job> started);

  // ---- scheduler_outcomes.cpp
  void take_outcomes(outcomes& all);
  void take_late(const outcomes::ended_attempt& late, journal_change& change);
  void apply_decisions(const std::vector<std::pair<job, decision>>& decided, const journal_receipt& receipt);
  void count_attempt(attempt_outcome outcome);
  void count_end(job_state state);
  void tell_settled(const std::vector<std::pair<job, uint32_t>>& attempts, bool counted = true);
  void journal_starts(const still_running& attempts);

  // ---- scheduler_tasks.cpp
  void edit_in_turn(const std::string& name, std::function<void()> operation);
  void edit_done(const std::string& name);
  task_runtime* task_named(const std::string& name);
  void put(put_task& request);
  void create_task(put_task& request);
  void replace_task(task_runtime& task, put_task& request);
  void remove(delete_task& request);
  void remove_task(task_runtime& task, const delete_task& request);
  wall_time planning_base(const task_runtime& task, const task_definition& next,
                          const std::vector<job>& withdrawn) const;
  void note_idle_span(task_runtime& task, journal_change& change);
  void note_idle_fires(task_runtime& task, const firing_frame& frame, wall_time after, skip_verdict verdict,
                       journal_change& change);
  std::vector<job> withdraw(task_runtime& task, bool all, journal_change& change);
  void finish_withdrawal(task_runtime& task, const std::vector<job>& withdrawn, bool committed);

  // ---- scheduler_jobs.cpp
  struct bulk_answer;
  using bulk = std::shared_ptr<bulk_answer>;
  void push(submit& request);
  void run_by_hand(run_task& request);
  void insert_jobs(std::vector<new_job> jobs, uint64_t ticket, front_desk_actor from);
  void finish_insert(const std::vector<job>& made, const journal_receipt& receipt, uint64_t ticket,
                     const front_desk_actor& from);
  void cancel(const cancel_jobs& request);
  void cancel_one(job_id id, bulk to);
  void cancel_unknown(job_id id, bulk to);
  void cancel_pending(job what, bulk to);
  void cancel_running(const taken_back::started_job& running, bulk to);
  void cancel_waiting(job_id id, bulk to);
  void cancel_prepared(job_id id, bulk to);
  void want_back(job_id id, const job_in_hand& entry, bulk to);
  void take_given_back(taken_back& answer);
  void retry(const retry_jobs& request);
  void retry_one(job_id id, bulk to);

  scheduler_actor::pointer self_;
  scheduler_settings settings_;
  scheduler_dependencies with_;
  std::mt19937 random_;

  id_generator ids_;
  uint64_t ids_reserved_in_journal_ = 0;
  uint64_t first_id_ms_ = 0; ///< ids of this incarnation are made from here on

  jobs_in_hand hand_;
  uint64_t next_ticket_ = 1;
  absl::flat_hash_map<uint64_t, continuation> unanswered_;                      ///< changes at the journal
  absl::flat_hash_map<job_id, std::vector<std::function<void()>>> after_write_; ///< operations that wait for a receipt
  absl::flat_hash_map<uint64_t, std::pair<job_id, bulk>> wanted_back_;

  bool recovered_ = false, ready_ = false;
  bool loading_ = false;
  bool loads_fail_ = false; ///< the last load failed, and the log says why
  std::optional<std::chrono::steady_clock::time_point> load_timer_at_;
  bool load_from_beginning_ = true;
  load_position loaded_until_{wall_time::min(), job_id{}}; ///< jobs at or before it are in hand or were
  load_position position_before_load_{};
  bool from_beginning_before_load_ = true;
  std::optional<wall_time> possibly_started_until_; ///< none: the last owner stopped clean
  wall_time last_owner_until_ = wall_time::min();   ///< it handed over what was due until then
  absl::flat_hash_map<job_id, uint32_t> adopted_;
  std::vector<outcomes> early_outcomes_; ///< came before the recovery was through

  absl::flat_hash_map<task_id, task_runtime> tasks_;
  absl::flat_hash_map<std::string, task_id> task_ids_;
  absl::flat_hash_map<std::string, std::deque<std::function<void()>>> edits_; ///< by name; the first is in progress

  absl::flat_hash_set<std::string> editing_; ///< names with an edit in progress
  std::vector<job> to_start_;                ///< fires admitted by the handler that runs now
  std::vector<task_id> planned_;             ///< tasks whose new fires are in the change that is being made

  bool stopping_ = false; ///< the node stops: nothing starts any more, nothing new is taken
  keeper_actor settle_to_;
};

scheduler_actor::behavior_type scheduler(scheduler_actor::stateful_pointer<scheduler_state> self,
                                         scheduler_settings settings, scheduler_dependencies with);

} // namespace wheelwork
