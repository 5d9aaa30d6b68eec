#include "persistence/postgres/unused_targets.hpp"

#include "persistence/postgres/sql_retention.hpp"

namespace wheelwork::postgres {

namespace {
constexpr int64_t new_targets_min = 1000; // fewer are not worth a walk over all jobs
}

void unused_targets::begin(connection& database, target_rows& used) {
  auto rows = database.query(sql::highest_target);
  newest_ = rows.next() ? rows->integer(0) : 0;
  if (newest_ < last_newest_ + new_targets_min) return;
  phase_ = phase::live;
  cursor_ = 0;
  met_.clear();
  used.record_uses(true);
}

void unused_targets::walk(connection& database, const char* sql, size_t rows, phase next) {
  size_t seen = 0;
  for (auto jobs = database.query(sql, cursor_, rows); jobs.next(); ++seen) {
    cursor_ = jobs->integer(0);
    met_.insert(jobs->integer(1));
  }
  if (seen == rows) return;
  phase_ = next;
  cursor_ = 0;
}

size_t unused_targets::drop(connection& database, target_rows& used, size_t rows) {
  std::vector<int64_t> found;
  for (auto targets = database.query(sql::targets_after, cursor_, newest_, rows); targets.next();)
    found.push_back(targets->integer(0));
  array_text unused;
  for (const int64_t target : found)
    if (!met_.contains(target) && !used.was_used(target)) unused.add(target);
  const size_t dropped = unused.size();
  if (dropped > 0) {
    database.run(sql::drop_targets, unused.take());
    used.forget();
  }
  if (found.size() == rows) {
    cursor_ = found.back();
  } else {
    phase_ = phase::idle;
    last_newest_ = newest_;
    met_.clear();
    used.record_uses(false);
  }
  return dropped;
}

size_t unused_targets::step(connection& database, target_rows& used, size_t rows) {
  switch (phase_) {
  case phase::idle: begin(database, used); return 0;
  case phase::live: walk(database, sql::targets_of_live_jobs, rows, phase::history); return 0;
  case phase::history: walk(database, sql::targets_of_history, rows, phase::targets); return 0;
  case phase::targets: return drop(database, used, rows);
  }
  return 0;
}

} // namespace wheelwork::postgres
