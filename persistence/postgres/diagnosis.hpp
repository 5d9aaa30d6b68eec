// The diagnosis of a PostgreSQL database.
#pragma once

#include "persistence/diagnosis.hpp"

namespace wheelwork::postgres {

/// See wheelwork::diagnose().
result<std::vector<finding>, std::string> diagnose_postgres(const journal_options& options,
                                                            const diagnosis_limits& limits);

} // namespace wheelwork::postgres
