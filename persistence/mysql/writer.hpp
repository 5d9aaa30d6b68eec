// Writes a MySQL journal.
#pragma once

#include "persistence/mysql/dialect.hpp"

namespace wheelwork::mysql {

using writer = batch_writer<dialect>;

} // namespace wheelwork::mysql

extern template class wheelwork::batch_writer<wheelwork::mysql::dialect>;
