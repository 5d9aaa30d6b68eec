// The ledger of a task: fires and runs of skips, merged by time.
#include "persistence/postgres/reader.hpp"
#include "persistence/postgres/sql_read.hpp"

#include <algorithm>

namespace wheelwork::postgres {

namespace {

void append_fires(rows all, std::vector<ledger_entry>& into) {
  while (all.next()) {
    const wall_time at = to_time(all->integer(0));
    into.push_back({at, at, 1, job_id{static_cast<uint64_t>(all->integer(1))}, {}});
  }
}

void append_skips(rows all, wall_time until, std::vector<ledger_entry>& into) {
  while (all.next()) {
    const wall_time from = to_time(all->integer(0));
    if (from >= until) continue;
    into.push_back({from, to_time(all->integer(1)), static_cast<uint64_t>(all->integer(2)), std::nullopt,
                    static_cast<skip_verdict>(all->integer(3))});
  }
}

} // namespace

std::vector<ledger_entry> read_ledger(connection& database, task_id task, wall_time from, wall_time until,
                                      size_t limit) {
  std::vector<ledger_entry> found;
  const int64_t begin = to_column(from), end = to_column(until);
  append_fires(database.query(sql::fires_of_task, value_of(task), begin, end, limit), found);
  append_skips(database.query(sql::skips_within, value_of(task), begin, end, limit), until, found);
  append_skips(database.query(sql::skips_over_end, value_of(task), std::max(begin, end)), until, found);
  std::sort(found.begin(), found.end(), [](const ledger_entry& a, const ledger_entry& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  });
  if (found.size() > limit) found.resize(limit);
  return found;
}

} // namespace wheelwork::postgres
