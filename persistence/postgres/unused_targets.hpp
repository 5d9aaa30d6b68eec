// Finds targets that no job uses any more, in small steps: a delay queue whose every job has its own URL would
// otherwise keep them all.
#pragma once

#include "persistence/postgres/connection.hpp"
#include "persistence/postgres/target_rows.hpp"

#include <unordered_set>

namespace wheelwork::postgres {

/// One sweep walks all live jobs, then history, remembers the targets that it meets, then deletes the others that are
/// older than the sweep. What is used by a push or a revival while it goes on counts as met. What it knows is lost at a
/// restart; the next sweep begins anew.
class unused_targets {
public:
  /// One step inside a transaction, over at most `rows` jobs or targets. Answers how many targets it deleted.
  size_t step(connection& database, target_rows& used, size_t rows);
  /// A transaction with a step in it was undone.
  void start_over() { phase_ = phase::idle; }

private:
  enum class phase { idle, live, history, targets };
  void begin(connection& database, target_rows& used);
  void walk(connection& database, const char* sql, size_t rows, phase next);
  size_t drop(connection& database, target_rows& used, size_t rows);

  phase phase_ = phase::idle;
  int64_t cursor_ = 0;
  int64_t newest_ = 0;      ///< targets up to here are in question
  int64_t last_newest_ = 0; ///< of the sweep before
  std::unordered_set<int64_t> met_;
};

} // namespace wheelwork::postgres
