// The ledger of a task, read from any SQL journal: fires and runs of skips, merged by time.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/rows.hpp"

#include <algorithm>
#include <tuple>

namespace wheelwork {

/// The texts of one database, with the columns (time, job) for fires and (from, to, count, verdict) for skips.
struct ledger_texts {
  const char* fires;          ///< of a task in [from, until), at most so many
  const char* skips_within;   ///< that begin in [from, until), at most so many
  const char* skips_over_end; ///< that end at a time or later
};

/// Thread: that of the connection. Throws what its queries throw.
template <class Connection>
std::vector<ledger_entry> ledger_of(Connection& database, const ledger_texts& texts, task_id task, wall_time from,
                                    wall_time until, size_t limit) {
  std::vector<ledger_entry> found;
  const int64_t begin = to_column(from), end = to_column(until);
  for (auto rows = database.query(texts.fires, value_of(task), begin, end, limit); rows.next();) {
    const wall_time at = to_time(rows->integer(0));
    found.push_back({at, at, 1, job_id{static_cast<uint64_t>(rows->integer(1))}, {}});
  }
  const auto append_skips = [&](auto rows) {
    while (rows.next()) {
      const wall_time first = to_time(rows->integer(0));
      if (first >= until) continue;
      found.push_back({first, to_time(rows->integer(1)), static_cast<uint64_t>(rows->integer(2)), std::nullopt,
                       static_cast<skip_verdict>(rows->integer(3))});
    }
  };
  append_skips(database.query(texts.skips_within, value_of(task), begin, end, limit));
  append_skips(database.query(texts.skips_over_end, value_of(task), std::max(begin, end)));
  std::sort(found.begin(), found.end(), [](const ledger_entry& a, const ledger_entry& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  });
  if (found.size() > limit) found.resize(limit);
  return found;
}

} // namespace wheelwork
