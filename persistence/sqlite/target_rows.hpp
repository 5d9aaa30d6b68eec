// Rows of the table of targets, found and written one by one.
#pragma once

#include "persistence/rows.hpp"
#include "persistence/sql/target_rows.hpp"
#include "persistence/sqlite/connection.hpp"

namespace wheelwork::sqlite {

/// Reads specs through the connection, which must outlive the answer.
stored_targets::reading reading_targets(connection& database);

class target_rows final : public wheelwork::target_rows {
public:
  explicit target_rows(connection& database) : database_{database} {}

private:
  void find(const targets& wanted) override;
  void add(const targets& missing) override;

  connection& database_;
};

} // namespace wheelwork::sqlite
