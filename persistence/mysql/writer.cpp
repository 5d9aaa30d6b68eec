#include "persistence/mysql/writer.hpp"

template class wheelwork::batch_writer<wheelwork::mysql::dialect>;
