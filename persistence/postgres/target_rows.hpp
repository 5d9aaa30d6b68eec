// The writer's side of the table of targets: equal ones share a row.
#pragma once

#include "messages/target.hpp"
#include "persistence/postgres/connection.hpp"
#include "persistence/rows.hpp"

#include <cstring>
#include <unordered_set>

namespace wheelwork::postgres {

/// Reads specs through the connection, which must outlive the answer.
stored_targets::reading reading_targets(connection& database);
/// Reads all targets that the rows name in `column` and that are not known yet, in one query.
void read_targets(connection& database, rows& jobs, int column, stored_targets& into);

class target_rows {
public:
  explicit target_rows(connection& database) : database_{database} {}
  /// Notes a target that will be asked for, so that write_noted() finds or writes all of them at once.
  void note(const resolved_target_ptr& how);
  void write_noted();
  /// Row of a target that was noted before. It must have its spec and hash.
  int64_t row_of(const resolved_target_ptr& how);
  /// Rows that were written may be gone.
  void forget();

  /// From now on (true) the rows in use are remembered, also over forget(): see unused_targets.
  void record_uses(bool on);
  void mark_used(int64_t row) {
    if (recording_) used_.insert(row);
  }
  bool was_used(int64_t row) const { return used_.contains(row); }

private:
  using hash_bytes = std::array<uint8_t, 16>;
  struct first_bytes {
    size_t operator()(const hash_bytes& hash) const noexcept {
      size_t value;
      std::memcpy(&value, hash.data(), sizeof value);
      return value;
    }
  };
  void find_all(const std::vector<resolved_target_ptr>& wanted);

  connection& database_;
  std::unordered_map<hash_bytes, int64_t, first_bytes> known_;
  std::unordered_map<hash_bytes, resolved_target_ptr, first_bytes> noted_;
  resolved_target_ptr last_noted_; ///< jobs of one batch mostly share their target
  bool recording_ = false;
  std::unordered_set<int64_t> used_;
};

} // namespace wheelwork::postgres
