// A journal that keeps nothing after the process: for tests, and as the plainest statement of what a journal does.
#pragma once

#include "persistence/journal.hpp"

namespace wheelwork::memory {

/// The tables. They live as long as a journal or somebody else holds them, so that a test can stop a node and start it
/// again on them.
class memory_database;
using memory_database_ptr = std::shared_ptr<memory_database>;

/// The database of `memory://name` in this process; made if there is none. Hold it to keep its contents while no
/// journal is open. An empty name gives a new one each time.
memory_database_ptr database_named(const std::string& name);

/// As open_journal, for URLs `memory://NAME`. A database that a journal holds open is refused, like a file.
result<std::unique_ptr<journal>, std::string> open_memory_journal(const journal_options& options);

} // namespace wheelwork::memory
