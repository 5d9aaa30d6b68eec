// What must be true of the place of a database file before SQLite sees it.
#pragma once

#include "schedule/result.hpp"

#include <optional>
#include <string>

namespace wheelwork::sqlite {

/// Everything after `sqlite://`, as an absolute path with symbolic links resolved, so that two names of one file are
/// one. The folder is created if it is missing. The error says what to do.
result<std::string, std::string> place_of_database(const std::string& url, bool create_folder);

/// Name of the network file system with this statfs() number; none: a local one. Locks and shared memory of SQLite's
/// WAL do not work across machines.
std::optional<std::string> network_file_system(long number);

} // namespace wheelwork::sqlite
