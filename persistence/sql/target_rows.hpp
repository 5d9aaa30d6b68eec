// The writer's side of the table of targets: equal ones share a row.
#pragma once

#include "messages/target.hpp"
#include "persistence/sql/target_uses.hpp"

#include <cstring>
#include <unordered_map>
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

  /// What this writer shares with others on the same tables; without it, with none.
  void share(std::shared_ptr<target_uses> uses) { uses_ = std::move(uses); }
  target_uses& uses() { return *uses_; }
  /// For a transaction that may use rows; see target_uses.
  target_uses::lock use();

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
  std::shared_ptr<target_uses> uses_ = std::make_shared<target_uses>();
  uint64_t edition_ = 0; ///< of the uses, that this knows
};

} // namespace wheelwork
