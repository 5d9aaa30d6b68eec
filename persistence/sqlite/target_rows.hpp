// The writer's side of the table of targets: equal ones share a row.
#pragma once

#include "messages/target.hpp"
#include "persistence/rows.hpp"
#include "persistence/sqlite/connection.hpp"

#include <cstring>
#include <unordered_set>

namespace wheelwork::sqlite {

/// Reads specs through the connection, which must outlive the answer.
stored_targets::reading reading_targets(connection& database);

class target_rows {
public:
  explicit target_rows(connection& database) : database_{database} {}
  /// Row of the target; writes it if it is new. The target must have its spec and hash.
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

  connection& database_;
  std::unordered_map<hash_bytes, int64_t, first_bytes> known_;
  resolved_target_ptr last_; ///< jobs of one batch mostly share their target
  int64_t last_row_ = 0;
  bool recording_ = false;
  std::unordered_set<int64_t> used_;
};

} // namespace wheelwork::sqlite
