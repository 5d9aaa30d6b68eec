// Reads a Postgres journal.
#pragma once

#include "persistence/postgres/dialect.hpp"

namespace wheelwork::postgres {

using reader = sql_reader<dialect>;

} // namespace wheelwork::postgres

extern template class wheelwork::sql_reader<wheelwork::postgres::dialect>;
