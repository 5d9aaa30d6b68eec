// The one connection that writes for a writer row: transactions, their fence and batch number, and how a lost answer of
// COMMIT is settled. For databases with a server; each commit is a batch of changes.
//
// The Dialect says: types `connection`, `connection_settings`, `failure`, `statements` (change_statements),
// `old_history` (see below); `writing`, the writer_texts; `begin_batch(connection, identity, batch)`, which begins a
// transaction with the fence and the number in one write, false where that met no row; `wait_shortly(connection)`:
// from here on this transaction gives up soon where others hold a lock; `before_batch(statements, changes)` for what
// can't stand in a transaction; `prepare_history(connection, statements, now)`, which makes what the history of today
// and tomorrow needs, each in a transaction of its own that waits for locks only shortly; what a failure means:
// `to_journal_error(failure, shown)`, `needs_reopening`, `worth_reconnecting`, `worth_repeating`, `breaks_a_rule`,
// `is_lock_timeout`; failures to throw: `lost(message)`, `damaged(message)`, and `check_fault(settings, step)`.
#pragma once

#include "persistence/rows.hpp"
#include "persistence/sql/change_writer.hpp"
#include "persistence/sql/commit_step.hpp"
#include "persistence/sql/unused_targets.hpp"

#include <algorithm>
#include <utility>

namespace wheelwork {

struct writer_texts {
  const char* begin; ///< a transaction without fence
  const char* commit;
  const char* set_savepoint;
  const char* keep_savepoint;
  const char* undo_savepoint;
  const char* read_writer;      ///< incarnation, batch, fenced
  const char* lock_writer;      ///< the same with a lock: it waits for the transaction whose answer was lost
  const char* give_back_number; ///< of the batch that the transaction began with
  const char* set_lease;        ///< incarnation, time, length in milliseconds
  const char* release_shards;
  const char* drop_old_fires; ///< before a time, at most so many; so the next
  const char* drop_old_skips;
  const char* drop_old_pool_events; ///< the same, and so the next
  const char* drop_old_pool_minutes;
  const char* drop_expired_keys;
  const char* drop_unused_task_names; ///< at most so many
};

template <class Dialect>
class batch_writer final : public journal_writer {
public:
  using connection = typename Dialect::connection;
  using settings = typename Dialect::connection_settings;
  using failure = typename Dialect::failure;

  /// `uses` is shared by all writers of the node. Throws failure.
  batch_writer(settings where, writer_identity identity, node_record self, const clock_source* clock,
               std::shared_ptr<target_uses> uses);

  result<std::vector<journal_receipt>, journal_error> commit(const std::vector<journal_change>& changes) override;
  result<void, journal_error> renew_lease(wall_time lease_until) override;
  result<void, journal_error> release_shards() override;
  result<size_t, journal_error> drop_history(wall_time finished_before, size_t rows) override;
  milliseconds history_piece() const override { return std::chrono::days{1}; }
  result<void, journal_error> prepare_history(wall_time now) override;

private:
  using receipts = std::vector<journal_receipt>;
  static constexpr const writer_texts& texts = Dialect::writing;
  static constexpr int tries_max = 3, meetings_max = 10;
  struct fenced_off {
    std::string message;
  };
  /// COMMIT was sent and nobody knows yet whether it applied.
  struct open_question {
    uint64_t batch = 0;
    receipts answers;
    target_uses::lock targets; ///< what it uses must stay
  };
  /// What stands on one connection.
  struct session {
    explicit session(const settings& where, const std::string& node)
        : database{where}, statements{database, node}, changes{statements} {}
    connection database;
    typename Dialect::statements statements;
    change_writer changes;
  };

  void ensure_open();
  void after_failure(const failure& error);
  receipts commit_or_settle(const std::vector<journal_change>& changes);
  receipts write_batch(const std::vector<journal_change>& changes);
  void begin_batch(uint64_t batch);
  void apply_together(const std::vector<journal_change>& changes, receipts& answers);
  void apply_each_alone(const std::vector<journal_change>& changes, receipts& answers);
  journal_receipt refusal_of(const journal_change& change, const journal_receipt& empty);
  void apply_one(const journal_change& change, journal_receipt& answer);
  receipts commit_batch(receipts answers, uint64_t batch, target_uses::lock targets);
  /// Whether the open question's batch applied. Throws failure when that can't be read now.
  bool settle();
  /// Whether the answers belong to these changes: a caller that was told `unknown_outcome` sends the same ones again.
  static bool answers_for_same(const receipts& answers, const std::vector<journal_change>& changes);
  template <class Function>
  auto caught(Function&& function) -> result<decltype(function()), journal_error>;
  /// For what may be done twice: once more where the connection turned out to be lost since the last call.
  template <class Function>
  void run_again_if_lost(Function&& function);
  [[noreturn]] void throw_fenced();
  size_t drop_in_transaction(wall_time finished_before, size_t rows);

  settings settings_;
  writer_identity identity_;
  node_record self_;
  const clock_source* clock_;
  std::shared_ptr<target_uses> uses_;
  uint64_t batch_ = 0; ///< last committed
  std::unique_ptr<session> session_;
  std::optional<open_question> question_;
  typename Dialect::old_history old_history_; ///< step(), finish(), start_over()
  unused_targets<Dialect> unused_targets_;
};

template <class Dialect>
batch_writer<Dialect>::batch_writer(settings where, writer_identity identity, node_record self,
                                    const clock_source* clock, std::shared_ptr<target_uses> uses)
    : settings_{std::move(where)}, identity_{identity}, self_{std::move(self)}, clock_{clock}, uses_{std::move(uses)} {
  ensure_open();
  auto found = session_->database.query(texts.read_writer, identity_.writer);
  if (!found.next()) throw Dialect::damaged("the writer row is missing");
  batch_ = static_cast<uint64_t>(found->integer(1));
}

template <class Dialect>
void batch_writer<Dialect>::ensure_open() {
  if (session_) return;
  session_ = std::make_unique<session>(settings_, self_.name);
  session_->statements.targets().share(uses_);
  unused_targets_.start_over();
}

template <class Dialect>
void batch_writer<Dialect>::after_failure(const failure& error) {
  if (!session_) return;
  // Whether a commit applied can be asked only where its own session can't still be at it.
  const bool usable = !question_ && !Dialect::needs_reopening(error) && session_->database.roll_back();
  session_->changes.forget();
  unused_targets_.start_over();
  old_history_.start_over();
  if (!usable) session_.reset(); // the next call opens it again
}

template <class Dialect>
void batch_writer<Dialect>::begin_batch(uint64_t batch) {
  Dialect::check_fault(settings_, commit_step::begin);
  if (!Dialect::begin_batch(session_->database, identity_, batch)) throw_fenced();
}

template <class Dialect>
void batch_writer<Dialect>::throw_fenced() {
  std::string found = "is missing";
  if (auto row = session_->database.query(texts.read_writer, identity_.writer); row.next())
    found = "belongs to incarnation " + std::to_string(row->integer(0)) + " with batch " +
            std::to_string(row->integer(1)) + (row->integer(2) ? ", fenced" : "");
  throw fenced_off{"writer row " + std::to_string(identity_.writer) + " " + found + "; this is incarnation " +
                   std::to_string(identity_.incarnation) + " of node " + self_.name + " after batch " +
                   std::to_string(batch_) + ": another node took over, this one must stop"};
}

template <class Dialect>
auto batch_writer<Dialect>::commit(const std::vector<journal_change>& changes) -> result<receipts, journal_error> {
  auto answer = caught([&] { return commit_or_settle(changes); });
  if (!answer && question_ && answer.error().code == journal_errc::unavailable)
    answer.error().code = journal_errc::unknown_outcome;
  return answer;
}

template <class Dialect>
auto batch_writer<Dialect>::commit_or_settle(const std::vector<journal_change>& changes) -> receipts {
  for (int tries = 1;; ++tries) {
    ensure_open();
    if (question_) {
      const bool applied = settle();
      const open_question old = *std::exchange(question_, std::nullopt);
      if (applied && (tries > 1 || answers_for_same(old.answers, changes))) return old.answers;
    }
    try {
      return write_batch(changes);
    } catch (const failure& error) {
      // COMMIT failed: find out what became of it, and write it again under the same number if it did not apply.
      const bool again =
          question_ || Dialect::worth_repeating(error) || (tries == 1 && Dialect::worth_reconnecting(error));
      // Two writers may meet again and again; but each wait for a lock takes its time.
      const bool met = Dialect::worth_repeating(error) && !Dialect::is_lock_timeout(error);
      if (!again || tries >= (met ? meetings_max : tries_max)) {
        if (!question_) throw;
        after_failure(error);
        ensure_open();
        const bool applied = settle();
        const open_question old = *std::exchange(question_, std::nullopt);
        if (applied) return old.answers;
        throw; // nothing applied, and that is known
      }
      after_failure(error);
    }
  }
}

template <class Dialect>
bool batch_writer<Dialect>::settle() {
  Dialect::check_fault(settings_, commit_step::settle);
  connection& database = session_->database;
  database.execute(texts.begin);
  auto found = database.query(texts.lock_writer, identity_.writer);
  if (!found.next()) throw Dialect::damaged("the writer row is missing");
  const bool ours = static_cast<uint64_t>(found->integer(0)) == identity_.incarnation;
  const bool applied = ours && static_cast<uint64_t>(found->integer(1)) == question_->batch;
  database.execute("rollback");
  if (applied) batch_ = question_->batch;
  return applied;
}

template <class Dialect>
auto batch_writer<Dialect>::write_batch(const std::vector<journal_change>& changes) -> receipts {
  const uint64_t batch = batch_ + 1;
  receipts answers(changes.size());
  for (size_t at = 0; at < changes.size(); ++at) {
    answers[at].ticket = changes[at].ticket;
    answers[at].shard = changes[at].shard;
    answers[at].batch = batch;
  }
  const receipts empty = answers;
  target_uses::lock targets = session_->statements.targets().use();
  Dialect::before_batch(session_->statements, changes);
  begin_batch(batch);
  try {
    apply_together(changes, answers);
  } catch (const change_refused&) {
    // Rare: one of them conflicts. All over again, now with a savepoint around each, so that it fails alone.
    if (!session_->database.roll_back()) throw Dialect::lost("the transaction could not be rolled back");
    session_->changes.forget();
    answers = empty;
    begin_batch(batch);
    apply_each_alone(changes, answers);
  }
  session_->changes.finish();
  return commit_batch(std::move(answers), batch, std::move(targets));
}

template <class Dialect>
void batch_writer<Dialect>::apply_together(const std::vector<journal_change>& changes, receipts& answers) {
  try {
    session_->changes.prepare(changes);
    for (size_t at = 0; at < changes.size(); ++at) session_->changes.apply(changes[at], answers[at]);
    session_->changes.write();
    session_->changes.tell_missing();
  } catch (const failure& error) {
    if (!Dialect::breaks_a_rule(error)) throw;
    throw change_refused{}; // whose change broke it is seen one by one
  }
}

template <class Dialect>
void batch_writer<Dialect>::apply_each_alone(const std::vector<journal_change>& changes, receipts& answers) {
  for (size_t at = 0; at < changes.size(); ++at) {
    const journal_receipt empty = answers[at];
    session_->database.execute(texts.set_savepoint);
    try {
      apply_one(changes[at], answers[at]);
    } catch (const change_refused&) {
      answers[at] = refusal_of(changes[at], empty);
    }
    session_->database.execute(texts.keep_savepoint);
  }
}

/// Which part is in the way is told by applying them one by one, up to that one.
template <class Dialect>
journal_receipt batch_writer<Dialect>::refusal_of(const journal_change& change, const journal_receipt& empty) {
  const auto undo = [&] {
    session_->database.execute(texts.undo_savepoint);
    session_->changes.forget();
    session_->changes.one_by_one(false);
  };
  undo();
  journal_receipt answer = empty;
  try {
    session_->changes.one_by_one(true);
    apply_one(change, answer);
    session_->changes.one_by_one(false);
  } catch (const change_refused& refused) {
    undo();
    answer = empty;
    answer.error = refused.why;
  }
  return answer;
}

template <class Dialect>
void batch_writer<Dialect>::apply_one(const journal_change& change, journal_receipt& answer) {
  try {
    session_->changes.prepare({&change, 1});
    session_->changes.apply(change, answer);
    session_->changes.write();
    session_->changes.tell_missing();
  } catch (const failure& error) {
    if (!Dialect::breaks_a_rule(error)) throw;
    throw change_refused{{journal_errc::broken, std::string{"a rule of the tables was violated: "} + error.what()}};
  }
}

template <class Dialect>
auto batch_writer<Dialect>::commit_batch(receipts answers, uint64_t batch, target_uses::lock targets) -> receipts {
  question_ = open_question{batch, std::move(answers), std::move(targets)};
  Dialect::check_fault(settings_, commit_step::before_commit);
  session_->database.execute(texts.commit);
  Dialect::check_fault(settings_, commit_step::after_commit);
  batch_ = batch;
  session_->changes.committed();
  answers = std::move(question_->answers);
  question_.reset();
  return answers;
}

template <class Dialect>
bool batch_writer<Dialect>::answers_for_same(const receipts& answers, const std::vector<journal_change>& changes) {
  return std::equal(answers.begin(), answers.end(), changes.begin(), changes.end(),
                    [](const journal_receipt& answer, const journal_change& change) {
                      return answer.ticket == change.ticket && answer.shard == change.shard;
                    });
}

template <class Dialect>
template <class Function>
auto batch_writer<Dialect>::caught(Function&& function) -> result<decltype(function()), journal_error> {
  try {
    if constexpr (std::is_void_v<decltype(function())>) {
      function();
      return {};
    } else {
      return function();
    }
  } catch (const failure& error) {
    after_failure(error);
    return wheelwork::failure(Dialect::to_journal_error(error, settings_.shown));
  } catch (const fenced_off& fence) {
    after_failure(Dialect::lost(fence.message));
    return wheelwork::failure(journal_error{journal_errc::fenced, fence.message});
  } catch (const std::exception& error) {
    after_failure(Dialect::damaged(error.what()));
    return wheelwork::failure(journal_error{journal_errc::broken, settings_.shown + ": " + error.what()});
  }
}

template <class Dialect>
template <class Function>
void batch_writer<Dialect>::run_again_if_lost(Function&& function) {
  const bool was_open = session_ != nullptr;
  try {
    ensure_open();
    function();
  } catch (const failure& error) {
    if (!was_open || !Dialect::worth_reconnecting(error)) throw;
    after_failure(error);
    ensure_open();
    function();
  }
}

template <class Dialect>
result<void, journal_error> batch_writer<Dialect>::renew_lease(wall_time lease_until) {
  return caught([&] {
    const milliseconds length = clock_ ? lease_until - clock_->wall_now() : milliseconds{0};
    run_again_if_lost([&] {
      if (session_->database.run(texts.set_lease, self_.incarnation, to_column(lease_until), length.count()) == 0)
        throw_fenced();
    });
  });
}

template <class Dialect>
result<void, journal_error> batch_writer<Dialect>::release_shards() {
  return caught([&] {
    run_again_if_lost([&] {
      if (session_->database.run(texts.release_shards, self_.incarnation) == 0) throw_fenced();
    });
  });
}

template <class Dialect>
result<size_t, journal_error> batch_writer<Dialect>::drop_history(wall_time finished_before, size_t most) {
  return caught([&]() -> size_t {
    try {
      return drop_in_transaction(finished_before, most);
    } catch (const failure& error) {
      if (!Dialect::is_lock_timeout(error)) throw;
      after_failure(error);
      return 0; // somebody reads what is to go: next time
    }
  });
}

template <class Dialect>
result<void, journal_error> batch_writer<Dialect>::prepare_history(wall_time now) {
  return caught([&] {
    try {
      run_again_if_lost([&] { Dialect::prepare_history(session_->database, session_->statements, now); });
    } catch (const failure& error) {
      if (!Dialect::is_lock_timeout(error)) throw;
      after_failure(error); // somebody reads or changes the table: next time
    }
  });
}

template <class Dialect>
size_t batch_writer<Dialect>::drop_in_transaction(wall_time finished_before, size_t most) {
  ensure_open();
  connection& database = session_->database;
  // Fenced as a batch is, and seen by a take-over as one, also where this node stops in the middle. The number is given
  // back, since nobody is told of what goes.
  begin_batch(batch_ + 1);
  Dialect::wait_shortly(database);
  size_t gone = old_history_.step(database, session_->statements, session_->changes, finished_before, most);
  const auto drop_more = [&](const char* sql, wall_time before) {
    if (gone < most) gone += database.run(sql, to_column(before), most - gone);
  };
  drop_more(texts.drop_old_fires, finished_before);
  drop_more(texts.drop_old_skips, finished_before);
  drop_more(texts.drop_old_pool_events, finished_before);
  drop_more(texts.drop_old_pool_minutes, finished_before);
  drop_more(texts.drop_expired_keys, clock_ ? clock_->wall_now() : finished_before);
  if (gone < most) database.run(texts.drop_unused_task_names, most - gone);
  target_uses::lock alone; // until the end of the transaction
  if (gone < most) alone = uses_->try_alone();
  if (alone) gone += unused_targets_.step(database, session_->statements.targets(), most);
  database.run(texts.give_back_number, identity_.writer);
  database.execute(texts.commit);
  old_history_.finish(session_->statements);
  return gone;
}

} // namespace wheelwork
