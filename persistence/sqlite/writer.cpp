#include "persistence/sqlite/writer.hpp"

#include "persistence/job_terms.hpp"
#include "persistence/sqlite/error_text.hpp"
#include "persistence/sqlite/sql_job.hpp"
#include "persistence/sqlite/sql_pool.hpp"
#include "persistence/sqlite/sql_retention.hpp"
#include "persistence/sqlite/sql_write.hpp"

#include <sqlite3.h>

#include <algorithm>

namespace wheelwork::sqlite {

namespace {

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
  auto rows = database_->query(sql::read_writer, static_cast<int64_t>(identity_.writer));
  if (!rows.next()) throw failure{SQLITE_CORRUPT, "the writer row is missing"};
  batch_ = static_cast<uint64_t>(rows->integer(1));
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
  const bool usable = database_->roll_back() && !needs_reopening(error);
  if (changes_) changes_->forget();
  unused_targets_.start_over();
  if (usable) return;
  changes_.reset();
  database_.reset(); // the next call opens it again
}

void writer::check_fault(commit_step step) {
  if (!settings_.faults) return;
  if (const int code = (*settings_.faults)(step)) throw failure{code, sqlite3_errstr(code)};
}

void writer::begin() {
  check_fault(commit_step::begin);
  database_->run(sql::begin_write);
}

void writer::advance_to(uint64_t batch) {
  const auto id = static_cast<int64_t>(identity_.writer);
  if (database_->run(sql::advance_batch, id, identity_.incarnation, batch) == 1) return;
  std::string found = "is missing";
  if (auto rows = database_->query(sql::read_writer, id); rows.next())
    found = "belongs to incarnation " + std::to_string(rows->integer(0)) + " with batch " +
            std::to_string(rows->integer(1)) + (rows->integer(2) ? ", fenced" : "");
  throw fenced_off{"writer row " + std::to_string(id) + " " + found + "; this is incarnation " +
                   std::to_string(identity_.incarnation) + " of node " + self_.name + " with batch " +
                   std::to_string(batch) + ": another node took over, this one must stop"};
}

auto writer::commit(const std::vector<journal_change>& changes) -> result<receipts, journal_error> {
  try {
    std::optional<journal_error> last_error;
    for (int tries = 0;; ++tries) {
      ensure_open();
      if (question_) {
        const bool applied = settle();
        const open_question old = *std::exchange(question_, std::nullopt);
        if (applied && (tries > 0 || answers_for_same(old.answers, changes))) return old.answers;
        if (tries == 2) return wheelwork::failure(std::move(*last_error)); // nothing applied, and that is known
      }
      try {
        return write_batch(changes);
      } catch (const failure& error) {
        after_failure(error);
        last_error = to_journal_error(error, settings_.path);
        if (!question_) return wheelwork::failure(std::move(*last_error));
        // COMMIT failed: find out what became of it, and write it again under the same number if it did not apply.
      }
    }
  } catch (const failure& error) {
    after_failure(error);
    journal_error answer = to_journal_error(error, settings_.path);
    if (question_) answer.code = journal_errc::unknown_outcome;
    return wheelwork::failure(std::move(answer));
  } catch (const fenced_off& fence) {
    after_failure({SQLITE_BUSY, fence.message});
    return wheelwork::failure(journal_error{journal_errc::fenced, fence.message});
  } catch (const std::exception& error) {
    after_failure({SQLITE_ERROR, error.what()});
    return wheelwork::failure(journal_error{journal_errc::broken, settings_.path + ": " + error.what()});
  }
}

bool writer::settle() {
  check_fault(commit_step::settle);
  auto rows = database_->query(sql::read_writer, static_cast<int64_t>(identity_.writer));
  if (!rows.next()) throw failure{SQLITE_CORRUPT, "the writer row is missing"};
  const bool ours = static_cast<uint64_t>(rows->integer(0)) == identity_.incarnation;
  const bool applied = ours && static_cast<uint64_t>(rows->integer(1)) == question_->batch;
  if (!applied) return false;
  while (rows.next()) {
  }
  if (!database_->checkpoint()) throw failure{SQLITE_BUSY, "it is not yet sure that the last commit is on the disk"};
  batch_ = question_->batch;
  return true;
}

auto writer::write_batch(const std::vector<journal_change>& changes) -> receipts {
  const uint64_t batch = batch_ + 1;
  begin();
  advance_to(batch);
  receipts answers;
  try {
    answers = apply_changes(changes, false);
  } catch (const change_refused&) {
    // Rare: one of them conflicts. All over again, now with a savepoint around each, so that it fails alone.
    if (!database_->roll_back())
      throw failure{SQLITE_IOERR_ROLLBACK_ATOMIC, "the transaction could not be rolled back"};
    changes_->forget();
    begin();
    advance_to(batch);
    answers = apply_changes(changes, true);
  }
  for (journal_receipt& answer : answers) answer.batch = batch;
  return commit_batch(std::move(answers), batch);
}

journal_receipt writer::apply_one(const journal_change& change) {
  try {
    return changes_->apply(change);
  } catch (const failure& error) {
    if (error.code() != SQLITE_CONSTRAINT) throw;
    throw change_refused{{journal_errc::broken, std::string{"a rule of the tables was violated: "} + error.what()}};
  } catch (const std::exception& error) {
    throw change_refused{{journal_errc::broken, error.what()}};
  }
}

auto writer::apply_changes(const std::vector<journal_change>& changes, bool alone) -> receipts {
  receipts answers;
  answers.reserve(changes.size());
  for (const journal_change& change : changes) {
    if (!alone) {
      answers.push_back(apply_one(change));
      continue;
    }
    database_->run(sql::set_savepoint);
    try {
      answers.push_back(apply_one(change));
    } catch (const change_refused& refused) {
      database_->run(sql::undo_savepoint);
      changes_->forget();
      journal_receipt& answer = answers.emplace_back();
      answer.ticket = change.ticket;
      answer.shard = change.shard;
      answer.error = refused.why;
    }
    database_->run(sql::keep_savepoint);
  }
  changes_->finish();
  return answers;
}

auto writer::commit_batch(receipts answers, uint64_t batch) -> receipts {
  question_ = open_question{batch, std::move(answers)};
  check_fault(commit_step::before_commit);
  database_->run(sql::commit_write);
  check_fault(commit_step::after_commit);
  batch_ = batch;
  changes_->committed();
  answers = std::move(question_->answers);
  question_.reset();
  return answers;
}

template <class Function>
auto writer::in_transaction(Function&& function) -> result<decltype(function()), journal_error> {
  try {
    ensure_open();
    begin();
    auto rows = database_->query(sql::read_writer, static_cast<int64_t>(identity_.writer));
    if (!rows.next() || static_cast<uint64_t>(rows->integer(0)) != identity_.incarnation || rows->integer(2) != 0)
      throw fenced_off{"another incarnation took the writer row of node " + self_.name + ": this one must stop"};
    while (rows.next()) {
    }
    if constexpr (std::is_void_v<decltype(function())>) {
      function();
      database_->run(sql::commit_write);
      return {};
    } else {
      auto answer = function();
      database_->run(sql::commit_write);
      return answer;
    }
  } catch (const failure& error) {
    after_failure(error);
    return wheelwork::failure(to_journal_error(error, settings_.path));
  } catch (const fenced_off& fence) {
    after_failure({SQLITE_BUSY, fence.message});
    return wheelwork::failure(journal_error{journal_errc::fenced, fence.message});
  } catch (const std::exception& error) {
    after_failure({SQLITE_ERROR, error.what()});
    return wheelwork::failure(journal_error{journal_errc::broken, settings_.path + ": " + error.what()});
  }
}

result<void, journal_error> writer::renew_lease(wall_time lease_until) {
  return in_transaction([&] { database_->run(sql::set_lease, self_.incarnation, to_column(lease_until)); });
}

result<void, journal_error> writer::release_shards() {
  return in_transaction([&] { database_->run(sql::release_shards, self_.incarnation); });
}

size_t writer::drop_old_jobs(wall_time finished_before, size_t rows) {
  std::vector<std::pair<job_id, std::vector<std::string>>> old;
  for (auto found = database_->query(sql::old_history, to_column(finished_before), rows); found.next();)
    old.emplace_back(job_id{static_cast<uint64_t>(found->integer(0))}, terms_of_row(found.row(), 1));
  for (const auto& [id, terms] : old) {
    database_->run(sql::delete_history, value_of(id));
    changes_->drop_belongings(id, terms);
  }
  return old.size();
}

result<size_t, journal_error> writer::drop_history(wall_time finished_before, size_t rows) {
  return in_transaction([&]() -> size_t {
    size_t gone = drop_old_jobs(finished_before, rows);
    const auto drop_more = [&](const char* sql, wall_time before) {
      if (gone < rows) gone += static_cast<size_t>(database_->run(sql, to_column(before), rows - gone));
    };
    drop_more(sql::drop_old_fires, finished_before);
    drop_more(sql::drop_old_skips, finished_before);
    drop_more(sql::drop_old_pool_events, finished_before);
    drop_more(sql::drop_old_pool_minutes, finished_before);
    drop_more(sql::drop_expired_keys, clock_ ? clock_->wall_now() : finished_before);
    if (gone < rows) database_->run(sql::drop_unused_task_names, rows - gone);
    if (gone < rows) gone += unused_targets_.step(*database_, changes_->targets(), rows);
    return gone;
  });
}

} // namespace wheelwork::sqlite
