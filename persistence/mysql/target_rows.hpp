// Rows of the table of targets, read and written many at once.
#pragma once

#include "persistence/mysql/connection.hpp"
#include "persistence/rows.hpp"
#include "persistence/sql/target_rows.hpp"

namespace wheelwork::mysql {

/// Reads specs through the connection, which must outlive the answer.
stored_targets::reading reading_targets(connection& database);
/// Reads all targets that the rows name and that are not known yet, in one query.
void read_targets(connection& database, rows& jobs, stored_targets& into);

class target_rows final : public wheelwork::target_rows {
public:
  explicit target_rows(connection& database) : database_{database} {}

private:
  void find(const targets& wanted) override;
  void add(const targets& missing) override;

  connection& database_;
};

} // namespace wheelwork::mysql
