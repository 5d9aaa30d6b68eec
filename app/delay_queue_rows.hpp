// What becomes of a row of the delay_queue service's table `task` that waits there.
#pragma once

#include "api/compat/delay_queue_task.hpp"
#include "persistence/mysql/delay_queue_reader.hpp"

namespace wheelwork {

struct imported_task {
  new_job made;
  std::string note; ///< what of the row was not as it should be, and what was taken instead; empty: nothing
};

/// How rows are read.
struct delay_queue_import {
  delay_queue_rules rules;
  uint32_t slots = 60; ///< of the service's wheel, at least 1
  std::string table;   ///< gin.hs_task: part of the key of rows that have none
  wall_time now{};
};

/// The job calls what the service would have called, at the time at which it should have. A row in state 0 is due at
/// its plan_time; one in state 2 at its next retry, with the retries that are left. What is over is due `time_interval`
/// from now. The job's unique key, for ever, is made of the row's queue_index, and so is its external id. The error
/// says why there can be no job.
result<imported_task, std::string> import_of(const mysql::delay_queue_row& row, const delay_queue_import& how);

/// The body of POST /jobs.
std::string push_body_of(const new_job& made);

} // namespace wheelwork
