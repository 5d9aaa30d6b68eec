#include "persistence/sqlite/target_rows.hpp"

#include "persistence/sqlite/sql_read.hpp"
#include "persistence/sqlite/sql_write.hpp"

namespace wheelwork::sqlite {

stored_targets::reading reading_targets(connection& database) {
  return [&database](int64_t row_id) -> std::optional<std::string> {
    auto rows = database.query(sql::spec_of_target, row_id);
    if (!rows.next()) return std::nullopt;
    return std::string{rows->text(0)};
  };
}

void target_rows::find(const targets& wanted) {
  for (const auto& how : wanted) {
    const std::string_view hash = bytes_of(how->hash);
    if (auto rows = database_.query(sql::find_target, blob{hash}); rows.next()) know(hash, rows->integer(0));
  }
}

void target_rows::add(const targets& missing) {
  for (const auto& how : missing) database_.run(sql::add_target, blob{bytes_of(how->hash)}, how->spec);
}

} // namespace wheelwork::sqlite
