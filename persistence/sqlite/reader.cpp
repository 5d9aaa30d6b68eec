#include "persistence/sqlite/reader.hpp"

template class wheelwork::sql_reader<wheelwork::sqlite::dialect>;
