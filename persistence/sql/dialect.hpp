// What the journals of SQL databases have in common asks for these texts; each database says them in its own words.
// The shared templates take a `Dialect`: a struct of types, texts and small functions, one for each database.
#pragma once

#include "persistence/ledger_rows.hpp"
#include "persistence/sql/job_list.hpp"

namespace wheelwork {

/// Of pools; the columns are those of persistence/pool_rows.hpp.
struct pool_read_texts {
  const char* all;     ///< ordered by name
  const char* events;  ///< of a pool, before a time, at most so many, newest first
  const char* minutes; ///< of a pool in a span of time
};

/// Texts of reads. Each is a constant: a connection knows it again by its address.
struct reader_texts {
  const char* tasks_of_shard;
  const char* task_by_name;
  const char* tasks_after_name; ///< without order; conditions on the task `t` are added
  const char* name_contains;    ///< such a condition, with a `?`
  const char* window_from_start;
  /// One text for the rest of the window, or (null) two of the texts below, where a database walks along the index only
  /// so: the rest of an instant, then all later ones.
  const char* window_after;
  const char* window_rest_of_instant;
  const char* window_after_instant;
  const char* running_of_shard;
  const char* live_fires_of_shard;
  const char* reserved_of_shard;
  const char* find_live;
  const char* find_history;
  const char* attempts_of_job;
  const char* tasks_of_name;
  const char* read_id_bounds;
  const char* count_live;
  const char* count_running;
  const char* batches_of_writers; ///< in the order of their numbers
  ledger_texts ledger;
  job_list_texts list;
  pool_read_texts pools;
};

/// Texts of a sweep over targets.
struct unused_target_texts {
  const char* highest;
  const char* of_live_jobs; ///< columns: id of the job, target
  const char* of_history;   ///< the same
  const char* after;        ///< after an id up to an id, at most so many
};

} // namespace wheelwork
