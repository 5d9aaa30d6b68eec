#include "tests/support/faulty_journal.hpp"

#include <algorithm>

namespace wheelwork {

namespace {

journal_error unavailable() { return {journal_errc::unavailable, "a fault that the test ordered"}; }

using receipts = std::vector<journal_receipt>;

bool answers_for(const receipts& answers, const std::vector<journal_change>& changes) {
  return std::equal(answers.begin(), answers.end(), changes.begin(), changes.end(),
                    [](const journal_receipt& answer, const journal_change& change) {
                      return answer.ticket == change.ticket && answer.shard == change.shard;
                    });
}

class faulty_writer final : public journal_writer {
public:
  faulty_writer(std::unique_ptr<journal_writer> real, std::shared_ptr<fault_script> script)
      : real_{std::move(real)}, script_{std::move(script)} {}

  result<receipts, journal_error> commit(const std::vector<journal_change>& changes) override {
    const journal_fault fault = script_->decide(journal_call::commit);
    if (fault == journal_fault::fail || fault == journal_fault::crash) {
      // Whoever waits for an answer about a lost commit is no wiser.
      if (lost_) return failure(journal_error{journal_errc::unknown_outcome, unavailable().message});
      return failure(unavailable());
    }
    if (lost_) {
      const std::optional<receipts> old = std::exchange(lost_, std::nullopt).value();
      if (old && answers_for(*old, changes)) return *old;
    }
    if (fault == journal_fault::none) return real_->commit(changes);
    std::optional<receipts> applied;
    if (fault == journal_fault::lose_after) {
      auto answer = real_->commit(changes);
      if (!answer) return answer;
      applied = std::move(*answer);
    }
    lost_ = std::move(applied);
    return failure(
        journal_error{journal_errc::unknown_outcome, "the answer of a commit was lost, as the test ordered"});
  }

  result<void, journal_error> renew_lease(wall_time lease_until) override {
    return other(journal_call::renew_lease, [&] { return real_->renew_lease(lease_until); });
  }
  result<void, journal_error> release_shards() override {
    return other(journal_call::release_shards, [&] { return real_->release_shards(); });
  }
  milliseconds history_piece() const override { return real_->history_piece(); }
  result<void, journal_error> prepare_history(wall_time now) override {
    return other(journal_call::prepare_history, [&] { return real_->prepare_history(now); });
  }
  result<size_t, journal_error> drop_history(wall_time finished_before, size_t rows) override {
    return other(journal_call::drop_history, [&] { return real_->drop_history(finished_before, rows); });
  }

private:
  template <class Function>
  auto other(journal_call call, Function&& function) -> decltype(function()) {
    const journal_fault fault = script_->decide(call);
    if (fault == journal_fault::none) return function();
    if (fault == journal_fault::lose_after) function();
    return failure(unavailable());
  }

  std::unique_ptr<journal_writer> real_;
  std::shared_ptr<fault_script> script_;
  /// A commit whose answer was lost; inside it the receipts, if it applied.
  std::optional<std::optional<receipts>> lost_;
};

class faulty_reader final : public journal_reader {
public:
  faulty_reader(std::unique_ptr<journal_reader> real, std::shared_ptr<fault_script> script)
      : real_{std::move(real)}, script_{std::move(script)} {}

  answer<std::vector<task_row>> tasks_of_shard(shard_id shard) override {
    return read([&] { return real_->tasks_of_shard(shard); });
  }
  answer<std::optional<task_row>> task_by_name(const std::string& name) override {
    return read([&] { return real_->task_by_name(name); });
  }
  answer<std::vector<task_row>> list_tasks(const task_filter& filter) override {
    return read([&] { return real_->list_tasks(filter); });
  }
  answer<job_window> load_window(shard_id shard, std::optional<load_position> after, wall_time until,
                                 size_t limit) override {
    return read([&] { return real_->load_window(shard, after, until, limit); });
  }
  answer<std::vector<recovered_job>> open_attempts(shard_id shard) override {
    return read([&] { return real_->open_attempts(shard); });
  }
  answer<std::vector<job>> live_fires(shard_id shard) override {
    return read([&] { return real_->live_fires(shard); });
  }
  answer<shard_recovery> recovery_of(shard_id shard) override {
    return read([&] { return real_->recovery_of(shard); });
  }
  answer<std::optional<job_view>> find_job(job_id id) override {
    return read([&] { return real_->find_job(id); });
  }
  answer<std::vector<job_view>> list_jobs(const job_filter& filter) override {
    return read([&] { return real_->list_jobs(filter); });
  }
  answer<std::vector<ledger_entry>> ledger(task_id task, wall_time from, wall_time until, size_t limit) override {
    return read([&] { return real_->ledger(task, from, until, limit); });
  }
  answer<std::vector<pool_ptr>> pools() override {
    return read([&] { return real_->pools(); });
  }
  answer<std::vector<pool_event>> pool_events(const std::string& pool, std::optional<wall_time> before,
                                              size_t limit) override {
    return read([&] { return real_->pool_events(pool, before, limit); });
  }
  answer<std::vector<pool_minute>> pool_minutes(const std::string& pool, wall_time from, wall_time until) override {
    return read([&] { return real_->pool_minutes(pool, from, until); });
  }
  answer<live_count> count_live() override {
    return read([&] { return real_->count_live(); });
  }

private:
  template <class Function>
  auto read(Function&& function) -> decltype(function()) {
    if (script_->decide(journal_call::read) != journal_fault::none) return failure(unavailable());
    return function();
  }

  std::unique_ptr<journal_reader> real_;
  std::shared_ptr<fault_script> script_;
};

class faulty_journal final : public journal {
public:
  faulty_journal(std::unique_ptr<journal> real, std::shared_ptr<fault_script> script)
      : real_{std::move(real)}, script_{std::move(script)} {}
  std::unique_ptr<journal_writer> open_writer(uint16_t number) override {
    return std::make_unique<faulty_writer>(real_->open_writer(number), script_);
  }
  uint16_t writers() const override { return real_->writers(); }
  std::unique_ptr<journal_reader> open_reader() override {
    return std::make_unique<faulty_reader>(real_->open_reader(), script_);
  }
  const std::array<uint8_t, 16>& database_secret() const override { return real_->database_secret(); }
  uint16_t shards() const override { return real_->shards(); }
  const node_record& self() const override { return real_->self(); }

private:
  std::unique_ptr<journal> real_;
  std::shared_ptr<fault_script> script_;
};

} // namespace

void fault_script::set_rule(rule decide) {
  const std::lock_guard lock{mutex_};
  rule_ = std::move(decide);
}

void fault_script::once(journal_call call, uint64_t number, journal_fault fault) {
  set_rule([=](journal_call any, uint64_t at) { return any == call && at == number ? fault : journal_fault::none; });
}

void fault_script::hold(journal_call call) {
  const std::lock_guard lock{mutex_};
  gates_[static_cast<size_t>(call)].held = true;
}

void fault_script::let_go(journal_call call) {
  {
    const std::lock_guard lock{mutex_};
    gates_[static_cast<size_t>(call)].held = false;
  }
  changed_.notify_all();
}

void fault_script::wait_until_held(journal_call call) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return gates_[static_cast<size_t>(call)].waiting > 0; });
}

uint64_t fault_script::calls(journal_call call) const {
  const std::lock_guard lock{mutex_};
  return gates_[static_cast<size_t>(call)].calls;
}

journal_fault fault_script::decide(journal_call call) {
  std::unique_lock lock{mutex_};
  struct gate& at = gates_[static_cast<size_t>(call)];
  const uint64_t number = at.calls++;
  if (at.held) {
    ++at.waiting;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !at.held; });
    --at.waiting;
  }
  if (crashed_) return journal_fault::crash;
  const journal_fault fault = rule_ ? rule_(call, number) : journal_fault::none;
  crashed_ = fault == journal_fault::crash;
  return fault;
}

std::unique_ptr<journal> make_faulty_journal(std::unique_ptr<journal> real, std::shared_ptr<fault_script> script) {
  return std::make_unique<faulty_journal>(std::move(real), std::move(script));
}

} // namespace wheelwork
