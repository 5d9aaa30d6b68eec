#include "persistence/postgres/live_table_vacuum.hpp"

namespace wheelwork::postgres {

namespace {

constexpr milliseconds call_of_vacuum{10 * 60 * 1000};
// Without truncation, which locks everybody out for a moment and gives back what is needed again at once.
constexpr char vacuum_live_table[] = "vacuum (skip_locked, truncate off, parallel 0) ww_job";
constexpr char live_rows[] = "select greatest(reltuples, 0)::bigint from pg_class where oid = to_regclass($1)";

} // namespace

live_table_vacuum::live_table_vacuum(connection_settings settings, uint64_t least)
    : settings_{std::move(settings)}, least_{least} {
  settings_.call_timeout = call_of_vacuum;
  settings_.faults = nullptr;
  thread_ = std::thread{[this] { run(); }};
}

live_table_vacuum::~live_table_vacuum() {
  {
    std::unique_lock lock{mutex_};
    ending_ = true;
    changed_.notify_all();
    // A cancellation that comes before the statement does nothing, so it is told again.
    while (working_) {
      working_->cancel();
      changed_.wait_for(lock, milliseconds{50}, [this] { return working_ == nullptr; });
    }
  }
  thread_.join();
}

void live_table_vacuum::note_dead(size_t rows) {
  const std::lock_guard lock{mutex_};
  dead_ += rows;
  if (dead_ >= wanted_) changed_.notify_all();
}

std::string live_table_vacuum::take_failure() {
  const std::lock_guard lock{mutex_};
  return std::exchange(failure_, {});
}

void live_table_vacuum::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || dead_ >= wanted_; });
    if (ending_) return;
    dead_ = 0;
    lock.unlock();
    std::string failed;
    try {
      vacuum();
    } catch (const std::exception& error) {
      failed = error.what();
    }
    lock.lock();
    if (!ending_ && !failed.empty()) failure_ = "the live table can't be vacuumed: " + failed;
  }
}

void live_table_vacuum::vacuum() {
  connection database{settings_};
  const auto work = [&](connection* with) {
    const std::lock_guard lock{mutex_};
    working_ = with;
    changed_.notify_all();
    return ending_;
  };
  struct at_end {
    decltype(work)& tell;
    ~at_end() { tell(nullptr); }
  } const end{work};
  if (work(&database)) return;
  database.execute(vacuum_live_table);
  auto found = database.query(live_rows, database.with_table_prefix_of("ww_job"));
  const uint64_t live = found.next() ? static_cast<uint64_t>(found->integer(0)) : 0;
  const std::lock_guard lock{mutex_};
  wanted_ = least_ + live / 5; // it reads all indexes, so a large table must have gained more
}

} // namespace wheelwork::postgres
