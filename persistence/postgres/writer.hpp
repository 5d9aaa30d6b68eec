// The one connection that writes: transactions, their fence and batch number, and how a lost answer of COMMIT is
// settled.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/postgres/change_writer.hpp"
#include "persistence/postgres/unused_targets.hpp"

namespace wheelwork::postgres {

class writer final : public journal_writer {
public:
  /// Throws failure.
  writer(connection_settings settings, writer_identity identity, node_record self, const clock_source* clock);
  ~writer() override;

  result<std::vector<journal_receipt>, journal_error> commit(const std::vector<journal_change>& changes) override;
  result<void, journal_error> renew_lease(wall_time lease_until) override;
  result<void, journal_error> release_shards() override;
  result<size_t, journal_error> drop_history(wall_time finished_before, size_t rows) override;
  milliseconds history_piece() const override { return std::chrono::days{1}; }
  result<void, journal_error> prepare_history(wall_time now) override;

private:
  using receipts = std::vector<journal_receipt>;
  struct fenced_off {
    std::string message;
  };
  /// COMMIT was sent and nobody knows yet whether it applied.
  struct open_question {
    uint64_t batch = 0;
    receipts answers;
  };

  void ensure_open();
  void after_failure(const failure& error);
  void check_fault(commit_step step);
  /// Begins a transaction with the fence and the batch number in one write.
  void begin_batch(uint64_t batch);
  receipts commit_or_settle(const std::vector<journal_change>& changes);
  receipts write_batch(const std::vector<journal_change>& changes);
  void apply_together(const std::vector<journal_change>& changes, receipts& answers);
  void apply_each_alone(const std::vector<journal_change>& changes, receipts& answers);
  journal_receipt refusal_of(const journal_change& change, const journal_receipt& empty);
  void apply_one(const journal_change& change, journal_receipt& answer);
  receipts commit_batch(receipts answers, uint64_t batch);
  /// Whether the open question's batch applied. Throws failure when that can't be read now.
  bool settle();
  template <class Function>
  auto caught(Function&& function) -> result<decltype(function()), journal_error>;
  /// For what may be done twice: once more where the connection turned out to be lost since the last call.
  template <class Function>
  void run_again_if_lost(Function&& function);
  [[noreturn]] void throw_fenced();
  /// Makes one day of history in a transaction of its own if it is missing (history_ahead.cpp).
  void make_day_ahead(history_day day);
  size_t drop_in_transaction(wall_time finished_before, size_t rows);
  /// One step of throwing away history; answers how many rows went.
  size_t drop_old_jobs(wall_time finished_before, size_t rows);

  connection_settings settings_;
  writer_identity identity_;
  node_record self_;
  const clock_source* clock_;
  uint64_t batch_ = 0; ///< last committed
  std::unique_ptr<connection> database_;
  std::unique_ptr<change_writer> changes_;
  std::optional<open_question> question_;
  unused_targets unused_targets_;
  std::optional<history_day> day_being_dropped_;
  int64_t dropped_up_to_ = 0; ///< id; what hangs on jobs of that day up to here is gone
};

} // namespace wheelwork::postgres
