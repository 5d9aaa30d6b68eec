// What docs/operations.md says about the database, taken from the page itself.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace wheelwork::testing_journal {

/// The ```sql blocks for this database: those that name it and those that name none.
std::vector<std::string> documented_sql(const std::string& database);

/// Of each table `ww_…` that has a heading, the columns named in the first cells of its rows.
std::map<std::string, std::set<std::string>> documented_columns();

} // namespace wheelwork::testing_journal
