#include "persistence/mysql/reader.hpp"

template class wheelwork::sql_reader<wheelwork::mysql::dialect>;
