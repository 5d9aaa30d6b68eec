#include "persistence/postgres/writer.hpp"

#include "persistence/postgres/error_text.hpp"
#include "persistence/postgres/sql_open.hpp"
#include "persistence/postgres/sql_write.hpp"

#include <algorithm>

namespace wheelwork::postgres {

namespace {

constexpr int tries_max = 3;

/// Whether the answers belong to these changes: a caller that was told `unknown_outcome` sends the same ones again.
bool answers_for_same(const std::vector<journal_receipt>& answers, const std::vector<journal_change>& changes) {
  return std::equal(answers.begin(), answers.end(), changes.begin(), changes.end(),
                    [](const journal_receipt& answer, const journal_change& change) {
                      return answer.ticket == change.ticket && answer.shard == change.shard;
                    });
}

} // namespace

writer::writer(connection_settings settings, writer_identity identity, node_record self, const clock_source* clock)
    : settings_{std::move(settings)}, identity_{identity}, self_{std::move(self)}, clock_{clock} {
  ensure_open();
  auto found = database_->query(sql::read_writer, identity_.writer);
  if (!found.next()) throw failure{"XX001", "the writer row is missing"};
  batch_ = static_cast<uint64_t>(found->integer(1));
}

writer::~writer() = default;

void writer::ensure_open() {
  if (database_) return;
  database_ = std::make_unique<connection>(settings_);
  try {
    changes_ = std::make_unique<change_writer>(*database_, self_.name);
  } catch (...) {
    database_.reset();
    throw;
  }
  unused_targets_.start_over();
}

void writer::after_failure(const failure& error) {
  if (!database_) return;
  // Whether a commit applied can be asked only where its own session can't still be at it.
  const bool usable = !question_ && !needs_reopening(error) && database_->roll_back();
  if (changes_) changes_->forget();
  unused_targets_.start_over();
  dropped_up_to_ = 0;
  if (usable) return;
  changes_.reset();
  database_.reset(); // the next call opens it again
}

void writer::check_fault(commit_step step) {
  if (!settings_.faults) return;
  if (const char* state = (*settings_.faults)(step)) throw failure{state, "pretended by a test"};
}

void writer::begin_batch(uint64_t batch) {
  check_fault(commit_step::begin);
  const std::string fence = "; update ww_writer set batch = " + std::to_string(batch) +
                            " where id = " + std::to_string(identity_.writer) +
                            " and incarnation = " + std::to_string(identity_.incarnation) +
                            " and batch = " + std::to_string(batch - 1) + " and not fenced returning 1";
  if (database_->execute(sql::begin_write + fence).size() == 0) throw_fenced();
}

void writer::throw_fenced() {
  std::string found = "is missing";
  if (auto row = database_->query(sql::read_writer, identity_.writer); row.next())
    found = "belongs to incarnation " + std::to_string(row->integer(0)) + " with batch " +
            std::to_string(row->integer(1)) + (row->integer(2) ? ", fenced" : "");
  throw fenced_off{"writer row " + std::to_string(identity_.writer) + " " + found + "; this is incarnation " +
                   std::to_string(identity_.incarnation) + " of node " + self_.name + " after batch " +
                   std::to_string(batch_) + ": another node took over, this one must stop"};
}

auto writer::commit(const std::vector<journal_change>& changes) -> result<receipts, journal_error> {
  auto answer = caught([&] { return commit_or_settle(changes); });
  if (!answer && question_ && answer.error().code == journal_errc::unavailable)
    answer.error().code = journal_errc::unknown_outcome;
  return answer;
}

auto writer::commit_or_settle(const std::vector<journal_change>& changes) -> receipts {
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
      const bool again = question_ || worth_repeating(error) || (tries == 1 && worth_reconnecting(error));
      if (!again || tries == tries_max) {
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

bool writer::settle() {
  check_fault(commit_step::settle);
  database_->execute(sql::begin_write);
  auto found = database_->query(sql::lock_writer, identity_.writer);
  if (!found.next()) throw failure{"XX001", "the writer row is missing"};
  const bool ours = static_cast<uint64_t>(found->integer(0)) == identity_.incarnation;
  const bool applied = ours && static_cast<uint64_t>(found->integer(1)) == question_->batch;
  database_->execute("rollback");
  if (applied) batch_ = question_->batch;
  return applied;
}

auto writer::write_batch(const std::vector<journal_change>& changes) -> receipts {
  const uint64_t batch = batch_ + 1;
  receipts answers(changes.size());
  for (size_t at = 0; at < changes.size(); ++at) {
    answers[at].ticket = changes[at].ticket;
    answers[at].shard = changes[at].shard;
    answers[at].batch = batch;
  }
  const receipts empty = answers;
  begin_batch(batch);
  try {
    apply_together(changes, answers);
  } catch (const change_refused&) {
    // Rare: one of them conflicts. All over again, now with a savepoint around each, so that it fails alone.
    if (!database_->roll_back()) throw failure{"08006", "the transaction could not be rolled back"};
    changes_->forget();
    answers = empty;
    begin_batch(batch);
    apply_each_alone(changes, answers);
  }
  changes_->finish();
  return commit_batch(std::move(answers), batch);
}

void writer::apply_together(const std::vector<journal_change>& changes, receipts& answers) {
  try {
    changes_->prepare(changes);
    for (size_t at = 0; at < changes.size(); ++at) changes_->apply(changes[at], answers[at]);
    changes_->write();
    changes_->tell_missing();
  } catch (const failure& error) {
    if (!error.is_class("22") && !error.is_class("23")) throw;
    throw change_refused{}; // a rule of the tables; whose change broke it is seen one by one
  }
}

void writer::apply_each_alone(const std::vector<journal_change>& changes, receipts& answers) {
  for (size_t at = 0; at < changes.size(); ++at) {
    const journal_receipt empty = answers[at];
    database_->execute(sql::set_savepoint);
    try {
      apply_one(changes[at], answers[at]);
    } catch (const change_refused&) {
      answers[at] = refusal_of(changes[at], empty);
    }
    database_->execute(sql::keep_savepoint);
  }
}

/// Which part is in the way is told by applying them one by one, up to that one.
journal_receipt writer::refusal_of(const journal_change& change, const journal_receipt& empty) {
  const auto undo = [&] {
    database_->execute(sql::undo_savepoint);
    changes_->forget();
    changes_->one_by_one(false);
  };
  undo();
  journal_receipt answer = empty;
  try {
    changes_->one_by_one(true);
    apply_one(change, answer);
    changes_->one_by_one(false);
  } catch (const change_refused& refused) {
    undo();
    answer = empty;
    answer.error = refused.why;
  }
  return answer;
}

void writer::apply_one(const journal_change& change, journal_receipt& answer) {
  try {
    changes_->prepare({&change, 1});
    changes_->apply(change, answer);
    changes_->write();
    changes_->tell_missing();
  } catch (const failure& error) {
    if (!error.is_class("22") && !error.is_class("23")) throw;
    throw change_refused{{journal_errc::broken, std::string{"a rule of the tables was violated: "} + error.what()}};
  }
}

auto writer::commit_batch(receipts answers, uint64_t batch) -> receipts {
  question_ = open_question{batch, std::move(answers)};
  check_fault(commit_step::before_commit);
  database_->execute(sql::commit_write);
  check_fault(commit_step::after_commit);
  batch_ = batch;
  changes_->committed();
  answers = std::move(question_->answers);
  question_.reset();
  return answers;
}

template <class Function>
auto writer::caught(Function&& function) -> result<decltype(function()), journal_error> {
  try {
    if constexpr (std::is_void_v<decltype(function())>) {
      function();
      return {};
    } else {
      return function();
    }
  } catch (const failure& error) {
    after_failure(error);
    return wheelwork::failure(to_journal_error(error, settings_.shown));
  } catch (const fenced_off& fence) {
    after_failure({"08006", fence.message});
    return wheelwork::failure(journal_error{journal_errc::fenced, fence.message});
  } catch (const std::exception& error) {
    after_failure({"XX000", error.what()});
    return wheelwork::failure(journal_error{journal_errc::broken, settings_.shown + ": " + error.what()});
  }
}

template <class Function>
void writer::run_again_if_lost(Function&& function) {
  const bool was_open = database_ != nullptr;
  try {
    ensure_open();
    function();
  } catch (const failure& error) {
    if (!was_open || !worth_reconnecting(error)) throw;
    after_failure(error);
    ensure_open();
    function();
  }
}

result<void, journal_error> writer::renew_lease(wall_time lease_until) {
  return caught([&] {
    const milliseconds length = clock_ ? lease_until - clock_->wall_now() : milliseconds{0};
    run_again_if_lost([&] {
      if (database_->run(sql::set_lease, self_.incarnation, to_column(lease_until), length.count()) == 0)
        throw_fenced();
    });
  });
}

result<void, journal_error> writer::release_shards() {
  return caught([&] {
    run_again_if_lost([&] {
      if (database_->run(sql::release_shards, self_.incarnation) == 0) throw_fenced();
    });
  });
}

result<size_t, journal_error> writer::drop_history(wall_time finished_before, size_t most) {
  return caught([&]() -> size_t {
    try {
      return drop_in_transaction(finished_before, most);
    } catch (const failure& error) {
      if (!error.is("55P03")) throw;
      after_failure(error);
      return 0; // somebody reads what is to go: next time
    }
  });
}

result<void, journal_error> writer::prepare_history(wall_time now) {
  return caught([&] {
    try {
      const history_day today = history_days::day_of(now);
      run_again_if_lost([&] {
        for (const history_day day : {today, today + std::chrono::days{1}}) make_day_ahead(day);
      });
    } catch (const failure& error) {
      if (!error.is("55P03")) throw;
      after_failure(error); // somebody reads or changes the table: next time
    }
  });
}

} // namespace wheelwork::postgres
