#include "persistence/postgres/reader.hpp"

template class wheelwork::sql_reader<wheelwork::postgres::dialect>;
