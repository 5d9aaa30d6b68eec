#include "persistence/memory/memory_journal.hpp"

#include "persistence/memory/memory_reader.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>

namespace wheelwork::memory {

namespace {

using guard = std::lock_guard<std::mutex>;

class memory_writer final : public journal_writer {
public:
  memory_writer(memory_database_ptr database, uint16_t number, node_record self, const clock_source* clock)
      : database_{std::move(database)}, number_{number}, self_{std::move(self)}, clock_{clock} {}

  result<std::vector<journal_receipt>, journal_error> commit(const std::vector<journal_change>& changes) override {
    const guard lock{database_->mutex};
    if (fenced()) return failure(fence());
    const uint64_t batch = ++database_->batches[number_];
    std::vector<journal_receipt> receipts;
    for (const journal_change& change : changes) {
      receipts.push_back(apply_change(database_->rows, change, self_.name));
      receipts.back().batch = batch;
    }
    return receipts;
  }

  result<void, journal_error> renew_lease(wall_time lease_until) override {
    const guard lock{database_->mutex};
    if (fenced()) return failure(fence());
    for (auto& [number, shard] : database_->rows.shards) shard.lease_until = std::max(shard.lease_until, lease_until);
    return {};
  }

  result<void, journal_error> release_shards() override {
    const guard lock{database_->mutex};
    if (fenced()) return failure(fence());
    for (auto& [number, shard] : database_->rows.shards) shard.released = true;
    return {};
  }

  result<size_t, journal_error> drop_history(wall_time finished_before, size_t limit) override {
    const guard lock{database_->mutex};
    if (fenced()) return failure(fence());
    tables& rows = database_->rows;
    const wall_time keys_before = clock_ ? clock_->wall_now() : finished_before;
    size_t gone = 0;
    const auto drop = [&](auto& map, const auto& is_old, const auto& on_drop) {
      for (auto at = map.begin(); at != map.end() && gone < limit;) {
        if (!is_old(*at)) {
          ++at;
          continue;
        }
        on_drop(at->first);
        at = map.erase(at);
        ++gone;
      }
    };
    const auto nothing = [](const auto&) {};
    drop(
        rows.history, [&](const auto& row) { return row.second.finished_at < finished_before; },
        [&](job_id id) {
          rows.attempts.erase(rows.attempts.lower_bound({id, 0}), rows.attempts.upper_bound({id, ~uint32_t{0}}));
        });
    drop(
        rows.fires, [&](const auto& row) { return row.first.second < finished_before; }, nothing);
    drop(
        rows.skips, [&](const auto& row) { return row.second.span.to < finished_before; }, nothing);
    drop(
        rows.pool_events, [&](const auto& row) { return row.second.at < finished_before; }, nothing);
    drop(
        rows.pool_minutes, [&](const auto& row) { return row.second.minute < finished_before; }, nothing);
    drop(
        rows.unique_keys, [&](const auto& row) { return row.second.until && *row.second.until <= keys_before; },
        nothing);
    return gone;
  }

private:
  bool fenced() const { return database_->incarnation != self_.incarnation; }
  journal_error fence() const {
    return {journal_errc::fenced,
            "another incarnation took the writer row of node " + self_.name + ": this one must stop"};
  }

  memory_database_ptr database_;
  uint16_t number_;
  node_record self_;
  const clock_source* clock_;
};

class memory_journal final : public journal {
public:
  memory_journal(memory_database_ptr database, uint16_t writers, node_record self, takeovers taken,
                 const clock_source* clock)
      : database_{std::move(database)}, writers_{writers}, self_{std::move(self)}, taken_{std::move(taken)},
        clock_{clock} {}
  ~memory_journal() override {
    const guard lock{database_->mutex};
    database_->holder.clear();
  }

  std::unique_ptr<journal_writer> open_writer(uint16_t number) override {
    if (number >= writers_) throw std::runtime_error{"there is no writer " + std::to_string(number)};
    return std::make_unique<memory_writer>(database_, number, self_, clock_);
  }
  uint16_t writers() const override { return writers_; }
  std::unique_ptr<journal_reader> open_reader() override { return std::make_unique<memory_reader>(database_, taken_); }
  const std::array<uint8_t, 16>& database_secret() const override { return database_->secret; }
  uint16_t shards() const override { return database_->shards; }
  const node_record& self() const override { return self_; }

private:
  memory_database_ptr database_;
  uint16_t writers_;
  node_record self_;
  takeovers taken_;
  const clock_source* clock_;
};

// A new incarnation takes all shards; what its predecessor left is what recovery_of() tells.
takeovers take_shards(memory_database& database) {
  takeovers taken;
  for (auto& [number, shard] : database.rows.shards) {
    if (shard.released) shard.lease_until = {};
    taken[number] = {shard.id_milliseconds_reserved, shard.released, shard.lease_until};
    shard.released = false;
  }
  return taken;
}

} // namespace

memory_database_ptr database_named(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<memory_database>> databases;
  if (name.empty()) return std::make_shared<memory_database>();
  const guard lock{mutex};
  auto& known = databases[name];
  memory_database_ptr found = known.lock();
  if (!found) known = found = std::make_shared<memory_database>();
  return found;
}

result<std::unique_ptr<journal>, std::string> open_memory_journal(const journal_options& options) {
  static constexpr std::string_view scheme = "memory://";
  if (!options.clock) return failure(std::string{"journal_options.clock must be set"});
  if (options.shards == 0 || options.shards > 1024)
    return failure("the number of shards must be from 1 to 1024, not " + std::to_string(options.shards));
  memory_database_ptr database = database_named(options.url.substr(scheme.size()));
  const guard lock{database->mutex};
  if (!database->holder.empty())
    return failure("the database " + options.url + " is in use by pid " + std::to_string(::getpid()) + " (node " +
                   database->holder + "): stop that node first, or name another database");
  if (database->shards == 0) {
    database->shards = options.shards;
    if (::getrandom(database->secret.data(), database->secret.size(), 0) !=
        static_cast<ssize_t>(database->secret.size()))
      return failure(std::string{"the system gave no random bytes for the database's secret"});
    for (uint16_t shard = 0; shard < options.shards; ++shard) database->rows.shards[shard];
  }
  if (database->shards != options.shards)
    return failure("the database " + options.url + " can't be used: it was made with " +
                   std::to_string(database->shards) + " shards, and that number is fixed: set cluster.shards = " +
                   std::to_string(database->shards) + " (it is " + std::to_string(options.shards) + ")");
  database->holder = options.node_name.empty() ? "without a name" : options.node_name;
  if (database->batches.size() < options.writers) database->batches.resize(options.writers);
  const node_record self{options.node_name, ++database->incarnation, options.clock->wall_now(), {}};
  return std::make_unique<memory_journal>(database, options.writers, self, take_shards(*database), options.clock);
}

} // namespace wheelwork::memory
