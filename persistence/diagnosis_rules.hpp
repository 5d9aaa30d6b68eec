// How the diagnosis judges what it read: pure functions from numbers to findings, for databases of every kind.
#pragma once

#include "persistence/diagnosis.hpp"

namespace wheelwork {

/// `1.5 GiB`, `12 MiB`, `300 bytes`.
std::string words_for_bytes(uint64_t bytes);
/// Its two largest units: `2d4h`, `3m20s`, `250ms`.
std::string words_for_span(milliseconds span);
/// The higher of the two limits that the number reaches.
template <class Number>
severity severity_of(Number number, Number warning_from, Number error_from) {
  if (number >= error_from) return severity::error;
  return number >= warning_from ? severity::warning : severity::ok;
}

finding judge_tables(const migration_status& status);

/// `ahead`: by how much the clock of the database is ahead of this machine's, exact to ± `exact_to`.
finding judge_clock(milliseconds ahead, milliseconds exact_to, const diagnosis_limits& limits);

/// Who holds the database.
struct lease_holder {
  std::string node;
  uint64_t incarnation = 0;
  std::optional<milliseconds> left{}; ///< of its lease, below zero: it has ended; none: it holds a lock instead
  bool alive() const { return !left || *left > milliseconds{0}; }
};
/// None: nobody ever did.
finding judge_lease(const std::optional<lease_holder>& last);

/// Rows whose start is recorded and whose end is not.
struct running_rows {
  uint64_t all = 0;
  uint64_t without_owner = 0; ///< started by a node that is not alive
  milliseconds oldest{};      ///< of those without owner: time since the start
};
finding judge_running(const running_rows& rows, bool some_node_alive);

/// Of the file system that holds a database of this size.
finding judge_free_space(const std::string& place, uint64_t free_bytes, uint64_t database_bytes,
                         const diagnosis_limits& limits);

} // namespace wheelwork
