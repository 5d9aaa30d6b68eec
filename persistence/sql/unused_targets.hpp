// Finds targets that no job uses any more, in small steps: a delay queue whose every job has its own URL would
// otherwise keep them all.
#pragma once

#include "persistence/sql/dialect.hpp"

#include <unordered_set>

namespace wheelwork {

/// One sweep walks all live jobs, then history, remembers the targets that it meets, then deletes the others that are
/// older than the sweep. What is used by a push or a revival while it goes on counts as met. What it knows is lost at a
/// restart; the next sweep begins anew.
///
/// The Dialect says: types `connection` and `target_rows`; `sweeping`, the unused_target_texts;
/// `drop_targets(connection, ids)`.
template <class Dialect>
class unused_targets {
public:
  using connection = typename Dialect::connection;
  using target_rows = typename Dialect::target_rows;

  /// One step inside a transaction, over at most `rows` jobs or targets. Answers how many targets it deleted. No other
  /// transaction may use targets until this one has ended (target_uses::try_alone).
  size_t step(connection& database, target_rows& used, size_t rows) {
    switch (phase_) {
    case phase::idle: begin(database, used); return 0;
    case phase::live: walk(database, texts.of_live_jobs, rows, phase::history); return 0;
    case phase::history: walk(database, texts.of_history, rows, phase::targets); return 0;
    case phase::targets: return drop(database, used, rows);
    }
    return 0;
  }
  /// A transaction with a step in it was undone.
  void start_over() { phase_ = phase::idle; }

private:
  enum class phase { idle, live, history, targets };
  static constexpr const unused_target_texts& texts = Dialect::sweeping;
  static constexpr int64_t new_targets_min = 1000; // fewer are not worth a walk over all jobs

  void begin(connection& database, target_rows& used) {
    auto rows = database.query(texts.highest);
    newest_ = rows.next() ? rows->integer(0) : 0;
    if (newest_ < last_newest_ + new_targets_min) return;
    phase_ = phase::live;
    cursor_ = 0;
    met_.clear();
    used.uses().record(true);
    used.forget(); // the next use of each must be seen
  }

  void walk(connection& database, const char* sql, size_t rows, phase next) {
    size_t seen = 0;
    for (auto jobs = database.query(sql, cursor_, rows); jobs.next(); ++seen) {
      cursor_ = jobs->integer(0);
      met_.insert(jobs->integer(1));
    }
    if (seen == rows) return;
    phase_ = next;
    cursor_ = 0;
  }

  size_t drop(connection& database, target_rows& used, size_t rows) {
    std::vector<int64_t> found, unused;
    for (auto targets = database.query(texts.after, cursor_, newest_, rows); targets.next();)
      found.push_back(targets->integer(0));
    for (const int64_t row : found)
      if (!met_.contains(row) && !used.uses().was_used(row)) unused.push_back(row);
    if (!unused.empty()) {
      Dialect::drop_targets(database, unused);
      used.uses().forget();
      used.forget();
    }
    if (found.size() == rows) {
      cursor_ = found.back();
    } else {
      phase_ = phase::idle;
      last_newest_ = newest_;
      met_.clear();
      used.uses().record(false);
    }
    return unused.size();
  }

  phase phase_ = phase::idle;
  int64_t cursor_ = 0;
  int64_t newest_ = 0;      ///< targets up to here are in question
  int64_t last_newest_ = 0; ///< of the sweep before
  std::unordered_set<int64_t> met_;
};

} // namespace wheelwork
