#include "persistence/postgres/target_rows.hpp"

#include "persistence/postgres/sql_read.hpp"
#include "persistence/postgres/sql_write.hpp"

#include <unordered_set>

namespace wheelwork::postgres {

stored_targets::reading reading_targets(connection& database) {
  return [&database](int64_t row_id) -> std::optional<std::string> {
    array_text one;
    one.add(row_id);
    auto found = database.query(sql::specs_of_targets, one.take());
    if (!found.next()) return std::nullopt;
    return std::string{found->text(1)};
  };
}

void read_targets(connection& database, rows& jobs, stored_targets& into) {
  std::unordered_set<int64_t> seen;
  array_text missing;
  for (jobs.rewind(); jobs.next();) {
    const int64_t id = jobs->integer(target_column);
    if (!into.knows(id) && seen.insert(id).second) missing.add(id);
  }
  jobs.rewind();
  if (missing.size() < 2) return; // one is read when it is needed
  for (auto found = database.query(sql::specs_of_targets, missing.take()); found.next();)
    into.remember(found->integer(0), found->text(1));
}

void target_rows::find(const targets& wanted) {
  array_text hashes;
  for (const auto& how : wanted) hashes.add(blob{bytes_of(how->hash)});
  for (auto found = database_.query(sql::find_targets, hashes.take()); found.next();)
    know(found->bytes(1), found->integer(0));
}

void target_rows::add(const targets& missing) {
  array_text hashes, specs;
  for (const auto& how : missing) {
    hashes.add(blob{bytes_of(how->hash)});
    specs.add(how->spec);
  }
  database_.run(sql::add_targets, hashes.take(), specs.take());
}

} // namespace wheelwork::postgres
