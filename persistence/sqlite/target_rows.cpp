#include "persistence/sqlite/target_rows.hpp"

#include "persistence/sqlite/sql_read.hpp"
#include "persistence/sqlite/sql_write.hpp"

namespace wheelwork::sqlite {

namespace {
constexpr size_t known_max = 50'000;
}

stored_targets::reading reading_targets(connection& database) {
  return [&database](int64_t row_id) -> std::optional<std::string> {
    auto rows = database.query(sql::spec_of_target, row_id);
    if (!rows.next()) return std::nullopt;
    return std::string{rows->text(0)};
  };
}

int64_t target_rows::row_of(const resolved_target_ptr& how) {
  if (how == last_ && last_) return last_row_;
  if (const auto known = known_.find(how->hash); known != known_.end()) {
    last_ = how;
    mark_used(known->second);
    return last_row_ = known->second;
  }
  const blob hash{{reinterpret_cast<const char*>(how->hash.data()), how->hash.size()}};
  int64_t row = 0;
  if (auto rows = database_.query(sql::find_target, hash); rows.next()) row = rows->integer(0);
  if (row == 0) {
    database_.run(sql::add_target, hash, how->spec);
    row = database_.last_insert_id();
  }
  if (known_.size() >= known_max) known_.clear();
  known_.emplace(how->hash, row);
  last_ = how;
  mark_used(row);
  return last_row_ = row;
}

void target_rows::record_uses(bool on) {
  recording_ = on;
  used_.clear();
  last_.reset(); // the next use must be seen
}

void target_rows::forget() {
  known_.clear();
  last_.reset();
}

} // namespace wheelwork::sqlite
