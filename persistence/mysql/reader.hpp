// Reads a MySQL journal.
#pragma once

#include "persistence/mysql/dialect.hpp"

namespace wheelwork::mysql {

using reader = sql_reader<dialect>;

} // namespace wheelwork::mysql

extern template class wheelwork::sql_reader<wheelwork::mysql::dialect>;
