// Takes operations from threads outside the actors, passes them to the schedulers that own them, and calls back with
// the answers. Each call is answered: an operation that nobody answered in time is told that its outcome is unknown.
#pragma once

#include "actors/node_statistics.hpp"
#include "actors/task_directory.hpp"
#include "messages/firing.hpp"
#include "messages/operations.hpp"

#include <absl/container/flat_hash_map.h>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace wheelwork {

struct front_desk_settings {
  uint16_t shards = 1;
  size_t jobs_in_message = 1000; ///< pushes that came together go on together, up to so many jobs
  milliseconds answer_within{30'000};
};

class front_desk_state {
public:
  static inline const char* name = "front_desk";

  explicit front_desk_state(front_desk_actor::pointer self) : self_{self} {}
  ~front_desk_state();

  front_desk_actor::behavior_type make_behavior(front_desk_settings settings, std::vector<scheduler_actor> schedulers,
                                                std::shared_ptr<task_directory> directory, const clock_source* clock);

private:
  using push_callback = service_callback<std::vector<pushed_job>>;
  /// One submit may carry the jobs of several callers, one after the other.
  struct open_push {
    std::vector<std::pair<size_t, push_callback>> callers;
    std::chrono::steady_clock::time_point since;
  };
  struct open_task_operation {
    service_callback<task_write> done;
    std::chrono::steady_clock::time_point since;
  };
  struct open_job_operation {
    std::shared_ptr<desk_job_operation> asked;
    std::shared_ptr<std::vector<std::pair<job_id, std::optional<service_error>>>> answers;
    std::chrono::steady_clock::time_point since;
  };

  void push(desk_push& all);
  bool fill_from_task(new_job& one, std::optional<service_error>& error) const;
  void send_push(open_push& callers, std::vector<new_job>& jobs, size_t shard);
  void begin_task_operation(desk_task_operation& operation);
  void begin_job_operation(desk_job_operation& operation);
  void answer_push(submitted& answer);
  void answer_jobs(jobs_answered& answer);
  void drop_late();

  front_desk_actor::pointer self_;
  front_desk_settings settings_;
  std::vector<scheduler_actor> schedulers_;
  std::shared_ptr<task_directory> directory_;
  const clock_source* clock_ = nullptr;
  uint64_t next_ticket_ = 1;
  size_t next_shard_ = 0;
  absl::flat_hash_map<uint64_t, open_push> pushes_;
  absl::flat_hash_map<uint64_t, open_task_operation> task_operations_;
  absl::flat_hash_map<uint64_t, open_job_operation> job_operations_;
};

front_desk_actor::behavior_type front_desk(front_desk_actor::stateful_pointer<front_desk_state> self,
                                           front_desk_settings settings, std::vector<scheduler_actor> schedulers,
                                           std::shared_ptr<task_directory> directory, const clock_source* clock);

} // namespace wheelwork
