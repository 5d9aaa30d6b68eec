// The one connection that writes: transactions, their fence and batch number, and how a lost answer of COMMIT is
// settled.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/sqlite/change_writer.hpp"
#include "persistence/sqlite/dialect.hpp"

namespace wheelwork::sqlite {

class writer final : public journal_writer {
public:
  /// Throws failure.
  writer(connection_settings settings, writer_identity identity, node_record self, const clock_source* clock);
  ~writer() override;

  result<std::vector<journal_receipt>, journal_error> commit(const std::vector<journal_change>& changes) override;
  result<void, journal_error> renew_lease(wall_time lease_until) override;
  result<void, journal_error> release_shards() override;
  result<size_t, journal_error> drop_history(wall_time finished_before, size_t rows) override;

private:
  using receipts = std::vector<journal_receipt>;
  struct fenced_off {
    std::string message;
  };
  /// COMMIT failed and nobody knows yet whether it applied.
  struct open_question {
    uint64_t batch = 0;
    receipts answers;
  };

  void ensure_open();
  void after_failure(const failure& error);
  void check_fault(commit_step step);
  void begin();
  void advance_to(uint64_t batch);
  receipts write_batch(const std::vector<journal_change>& changes);
  journal_receipt apply_one(const journal_change& change);
  receipts apply_changes(const std::vector<journal_change>& changes, bool alone);
  receipts commit_batch(receipts answers, uint64_t batch);
  /// Whether the open question's batch applied. Throws failure when that can't be read now.
  bool settle();
  template <class Function>
  auto in_transaction(Function&& function) -> result<decltype(function()), journal_error>;
  size_t drop_old_jobs(wall_time finished_before, size_t rows);

  connection_settings settings_;
  writer_identity identity_;
  node_record self_;
  const clock_source* clock_;
  uint64_t batch_ = 0; ///< last committed
  std::unique_ptr<connection> database_;
  std::unique_ptr<change_writer> changes_;
  std::optional<open_question> question_;
  unused_targets<dialect> unused_targets_;
};

} // namespace wheelwork::sqlite
