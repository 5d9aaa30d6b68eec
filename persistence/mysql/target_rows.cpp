#include "persistence/mysql/target_rows.hpp"

#include "persistence/mysql/row_lists.hpp"
#include "persistence/mysql/sql_write.hpp"

#include <algorithm>
#include <unordered_set>

namespace wheelwork::mysql {

stored_targets::reading reading_targets(connection& database) {
  return [&database](int64_t row_id) -> std::optional<std::string> {
    std::optional<std::string> spec;
    send_list(database, sql::specs_of_targets, {row_id}, ")", [&](rows& found) {
      if (found.next()) spec = std::string{found->text(1)};
    });
    return spec;
  };
}

void read_targets(connection& database, rows& jobs, stored_targets& into) {
  std::unordered_set<int64_t> seen;
  std::vector<literal> missing;
  for (jobs.rewind(); jobs.next();) {
    const int64_t id = jobs->integer(target_column);
    if (!into.knows(id) && seen.insert(id).second) missing.emplace_back(id);
  }
  jobs.rewind();
  if (missing.size() < 2) return; // one is read when it is needed
  send_list(database, sql::specs_of_targets, missing, ")", [&](rows& found) {
    while (found.next()) into.remember(found->integer(0), found->text(1));
  });
}

void target_rows::find(const targets& wanted) {
  std::vector<literal> hashes;
  for (const auto& how : wanted) hashes.emplace_back(blob{bytes_of(how->hash)});
  send_list(database_, sql::find_targets, hashes, ")", [&](rows& found) {
    while (found.next()) know(found->text(1), found->integer(0));
  });
}

void target_rows::add(const targets& missing) {
  targets sorted = missing; // so that two writers that bring the same ones wait for each other in one order
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a->hash < b->hash; });
  row_list all{database_, sql::add_targets, sql::keep_targets};
  for (const auto& how : sorted) all.add(blob{bytes_of(how->hash)}, how->spec);
  all.finish();
}

} // namespace wheelwork::mysql
