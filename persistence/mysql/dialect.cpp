#include "persistence/mysql/dialect.hpp"

namespace wheelwork::mysql {

rows dialect::query(connection& database, std::string_view text, const std::vector<sql_value>& values) {
  std::vector<literal> passed;
  for (const sql_value& one : values) std::visit([&](const auto& any) { passed.emplace_back(any); }, one);
  return database.query_text(text, passed);
}

/// Made before the first job of their day ends, so that no commit waits for them.
void dialect::prepare_history(connection&, statements& with, wall_time now) {
  const history_day today = history_days::day_of(now);
  for (const history_day day : {today, today + std::chrono::days{1}}) with.days().ensure_ahead(day);
}

void dialect::check_fault(const connection_settings& settings, commit_step step) {
  if (!settings.faults) return;
  if (const unsigned number = (*settings.faults)(step)) throw failure{number, "pretended by a test"};
}

} // namespace wheelwork::mysql
