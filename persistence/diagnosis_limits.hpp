// From where on a finding of the diagnosis is a note, a warning or an error.
#pragma once

#include "schedule/time.hpp"

#include <cstdint>

namespace wheelwork {

struct diagnosis_limits {
  milliseconds skew_warning{500}, skew_error{10'000};
  milliseconds transaction_warning{60'000}, transaction_error{30 * 60'000};
  uint64_t held_back_warning = 100'000, held_back_error = 10'000'000;   ///< transactions that vacuum must leave
  uint64_t kept_log_warning = 1ull << 30, kept_log_error = 32ull << 30; ///< bytes of log kept for a replica
  milliseconds lock_wait_warning{1'000}, lock_wait_error{30'000};
  uint64_t dead_rows_warning = 4, dead_rows_error = 40;                      ///< times what autovacuum should leave
  uint64_t connections_warning = 80, connections_error = 95;                 ///< percent
  uint64_t free_space_warning = 2ull << 30, free_space_error = 200ull << 20; ///< bytes
  uint64_t write_ahead_warning = 512ull << 20;                               ///< bytes that wait in SQLite's WAL
  uint64_t unused_pages_note = 50;                                           ///< percent of the file of SQLite
  milliseconds history_ahead_note{180'000}; ///< a node that runs for longer has made tomorrow's partition
};

} // namespace wheelwork
