// The writer's side of the table of targets: equal ones share a row.
#pragma once

#include "messages/target.hpp"

#include <cstring>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace wheelwork {

class target_rows {
public:
  virtual ~target_rows() = default;
  /// Notes a target that will be asked for, so that write_noted() finds or writes all of them at once.
  void note(const resolved_target_ptr& how);
  void write_noted();
  /// Row of a target; at no cost if it was noted before. It must have its spec and hash.
  int64_t row_of(const resolved_target_ptr& how);
  /// Rows that were written may be gone.
  void forget();

  /// From now on (true) the rows in use are remembered, also over forget(): see unused_targets.
  void record_uses(bool on);
  void mark_used(int64_t row) {
    if (recording_) used_.insert(row);
  }
  bool was_used(int64_t row) const { return used_.contains(row); }

protected:
  using hash_bytes = std::array<uint8_t, 16>;
  using targets = std::vector<resolved_target_ptr>;
  static std::string_view bytes_of(const hash_bytes& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
  }
  void know(std::string_view hash, int64_t row);

private:
  /// Calls know() for those that have a row.
  virtual void find(const targets& wanted) = 0;
  /// Writes rows for targets that have none; another writer may be faster. find() is asked afterwards.
  virtual void add(const targets& missing) = 0;

  struct first_bytes {
    size_t operator()(const hash_bytes& hash) const noexcept {
      size_t value;
      std::memcpy(&value, hash.data(), sizeof value);
      return value;
    }
  };

  std::unordered_map<hash_bytes, int64_t, first_bytes> known_;
  std::unordered_map<hash_bytes, resolved_target_ptr, first_bytes> noted_;
  resolved_target_ptr last_noted_, last_asked_; ///< jobs of one batch mostly share their target
  int64_t last_row_ = 0;
  bool recording_ = false;
  std::unordered_set<int64_t> used_;
};

} // namespace wheelwork
