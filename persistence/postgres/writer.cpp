#include "persistence/postgres/writer.hpp"

template class wheelwork::batch_writer<wheelwork::postgres::dialect>;
