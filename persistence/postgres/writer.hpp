// Writes a Postgres journal.
#pragma once

#include "persistence/postgres/dialect.hpp"

namespace wheelwork::postgres {

using writer = batch_writer<dialect>;

} // namespace wheelwork::postgres

extern template class wheelwork::batch_writer<wheelwork::postgres::dialect>;
