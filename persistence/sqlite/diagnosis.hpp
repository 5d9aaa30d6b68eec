// The diagnosis of a SQLite database.
#pragma once

#include "persistence/diagnosis.hpp"

namespace wheelwork::sqlite {

/// See wheelwork::diagnose().
result<std::vector<finding>, std::string> diagnose_sqlite(const journal_options& options,
                                                          const diagnosis_limits& limits);

} // namespace wheelwork::sqlite
