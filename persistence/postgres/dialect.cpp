#include "persistence/postgres/dialect.hpp"

namespace wheelwork::postgres {

rows dialect::query(connection& database, std::string_view text, const std::vector<sql_value>& values) {
  std::vector<value> passed;
  for (const sql_value& one : values) std::visit([&](const auto& any) { passed.emplace_back(any); }, one);
  return database.query_text(text, passed);
}

void dialect::drop_targets(connection& database, const std::vector<int64_t>& ids) {
  array_text all;
  for (const int64_t id : ids) all.add(id);
  database.run(sql::drop_targets, all.take());
}

bool dialect::begin_batch(connection& database, const writer_identity& identity, uint64_t batch) {
  const std::string fence =
      std::string{database.settings_of_transaction()} + "; update ww_writer set batch = " + std::to_string(batch) +
      " where id = " + std::to_string(identity.writer) + " and incarnation = " + std::to_string(identity.incarnation) +
      " and batch = " + std::to_string(batch - 1) + " and not fenced returning 1";
  return database.execute(sql::begin_write + fence).size() != 0;
}

void dialect::wait_shortly(connection& database) {
  // Whoever waits for these locks has everybody wait behind; retention has time.
  database.execute("set local lock_timeout = '200ms'");
}

void dialect::check_fault(const connection_settings& settings, commit_step step) {
  if (!settings.faults) return;
  if (const char* state = (*settings.faults)(step)) throw failure{state, "pretended by a test"};
}

} // namespace wheelwork::postgres
