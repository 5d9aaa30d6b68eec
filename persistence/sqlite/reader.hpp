// Reads a SQLite journal.
#pragma once

#include "persistence/sqlite/dialect.hpp"

namespace wheelwork::sqlite {

using reader = sql_reader<dialect>;

} // namespace wheelwork::sqlite

extern template class wheelwork::sql_reader<wheelwork::sqlite::dialect>;
