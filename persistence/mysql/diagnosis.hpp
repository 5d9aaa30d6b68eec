// The diagnosis of a MySQL or MariaDB database.
#pragma once

#include "persistence/diagnosis.hpp"

namespace wheelwork::mysql {

/// See wheelwork::diagnose().
result<std::vector<finding>, std::string> diagnose_mysql(const journal_options& options,
                                                         const diagnosis_limits& limits);

} // namespace wheelwork::mysql
