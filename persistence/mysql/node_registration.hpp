// How a node takes a database: it waits for the lease of the node before it, fences that one, and gets its own lease,
// all in the time of the database.
#pragma once

#include "persistence/mysql/connection.hpp"
#include "persistence/sql/registration.hpp"

namespace wheelwork::mysql {

/// A new incarnation takes the writer rows and all shards; from here on whatever an older one still tries is fenced.
/// While another node holds the lease, options.wait_for_lease decides whether to wait. Throws failure, or
/// std::runtime_error with words for the user.
registration register_node(connection& database, const journal_options& options);

/// The lease ends now, so that the next node need not wait for it. Nothing happens where another took over.
void end_lease(connection& database, uint64_t incarnation);

} // namespace wheelwork::mysql
