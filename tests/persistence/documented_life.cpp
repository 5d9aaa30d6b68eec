#include "tests/persistence/documented_life.hpp"

#include "tests/persistence/pool_changes.hpp"

namespace wheelwork::testing_journal {

namespace {

constexpr uint64_t nightly = 77;

void commit(journal_writer& writer, const journal_change& change) {
  const auto receipts = writer.commit({change});
  if (!receipts) throw std::runtime_error{receipts.error().message};
  if (receipts->at(0).error) throw std::runtime_error{receipts->at(0).error->message};
}

new_job one(uint64_t id, wall_time due, wall_time created) {
  new_job made = pushed(id, due);
  made.created_at = created;
  return made;
}

job_end ended(uint64_t id, job_state state, wall_time when, milliseconds span) {
  job_end end;
  end.id = job_id{id};
  end.state = state;
  end.finished_at = when;
  end.attempt = 2;
  const auto outcome = state == job_state::succeeded ? attempt_outcome::succeeded : attempt_outcome::failed;
  if (state != job_state::cancelled) end.last = tried(2, outcome, when - span, when);
  if (end.last && state == job_state::dead) end.last->error = "exit code 1";
  return end;
}

} // namespace

void write_a_life(journal_writer& writer, wall_time now) {
  using namespace std::chrono_literals;
  commit(writer, creating(task_named("nightly", nightly)));
  journal_change live = inserting({one(1, now - 10min, now - 1h), one(2, now + 5min, now), one(3, now, now)});
  for (uint64_t id = 4; id <= 7; ++id) live.inserts.push_back(one(id, now - 2h, now - 3h));
  live.inserts[0].marks = {{"team", "a"}};
  live.inserts[1].unique_key = "order-1";
  live.inserts[1].unique_until = now + 24h;
  for (uint64_t id = 8; id <= 9; ++id) {
    live.inserts.push_back(fired(id, task_id{nightly}, now - id * 1min));
    live.inserts.back().created_at = now - 1h;
  }
  live.skips.push_back({task_id{nightly}, {now - 3h, now - 2h, 60}, skip_verdict::misfire});
  commit(writer, live);

  journal_change later;
  later.shard = live.shard;
  later.agains.push_back({job_id{1}, tried(1, attempt_outcome::failed, now - 20min, now - 19min), now - 10min, 1, 0});
  later.starts.push_back({job_id{3}, 1, now - 30s, target_kind::native});
  later.ends = {ended(4, job_state::succeeded, now - 1h, 90s), ended(5, job_state::dead, now - 1min, 3s),
                ended(6, job_state::cancelled, now - 2min, 0s), ended(8, job_state::dead, now - 3min, 5s)};
  commit(writer, later);
}

void write_a_life_of_pools(journal_writer& writer, wall_time now) {
  using namespace std::chrono_literals;
  commit(writer, creating(pool_named("orders", R"(,"min":2,"max":10)")));
  pool_event grew;
  grew.pool = "orders";
  grew.at = now - 1h;
  grew.consumers_before = 2;
  grew.consumers = 7;
  grew.lag = 5000;
  grew.reason = "5000 messages wait";
  pool_minute minute;
  minute.pool = "orders";
  minute.minute = now - 1h;
  minute.node = "node-a";
  minute.taken = minute.succeeded = 1200;
  minute.lag_max = 5000;
  minute.consumers_max = 7;
  journal_change change;
  change.pool_events = {grew};
  change.pool_minutes = {minute};
  commit(writer, change);
}

} // namespace wheelwork::testing_journal
