// What schedulers, wheel slots and the ticker say to each other until a job is due.
#pragma once

#include "messages/actor_types.hpp"
#include "messages/job.hpp"

namespace wheelwork {

/// Who owns which shard (index is the shard), and who wakes slots. Sent before any job.
struct owners {
  std::vector<scheduler_actor> of_shard;
  ticker_actor ticker;
};

/// Scheduler → slot: keep these jobs, all of this slot, until they are due.
struct arm {
  std::vector<job> jobs;
};

/// Slot → ticker.
struct occupied {
  uint32_t slot = 0;
  wall_time earliest{};
};

/// Ticker → slot: this is the time.
struct tick {
  wall_time now{};
};

/// INTERNAL to the ticker: its alarm went off. `jumped`: the wall clock was set since the last time.
struct alarm_rang {
  bool jumped = false;
};

/// Ticker → schedulers.
struct clock_jumped {
  wall_time now{};
};

/// Slot → scheduler: fires and careful jobs that are due; the scheduler decides.
struct due {
  std::vector<job> jobs;
};

/// One job that somebody wants back.
struct wanted_job {
  job_id id{};
  wall_time due_at{};
  uint32_t number = 0; ///< of the attempt that would be running by now
};

/// Scheduler → slot or dispatcher: give these back.
struct take_back {
  uint64_t ticket = 0;
  scheduler_actor from;
  std::vector<wanted_job> wanted;
};

/// The answer: these won't start; those are being run; those are not here.
struct taken_back {
  uint64_t ticket = 0;
  bool by_dispatcher = false;
  std::vector<job> taken;
  struct started_job {
    job what;
    uint32_t number = 0;
    wall_time started_at{};
  };
  std::vector<started_job> started;
  std::vector<wanted_job> missing;
};

} // namespace wheelwork
