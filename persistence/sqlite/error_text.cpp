#include "persistence/sqlite/error_text.hpp"

#include <sqlite3.h>

namespace wheelwork::sqlite {

namespace {

const char* remedy(int code) {
  switch (code) {
  case SQLITE_FULL: return "no space is left for the database: free some, writing goes on by itself";
  case SQLITE_READONLY:
    return "the database file or its folder can't be written: give this user the right to write both";
  case SQLITE_PERM:
  case SQLITE_AUTH:
    return "the right to use the database file is missing: give this user the right to read and write it";
  case SQLITE_CANTOPEN:
    return "the database file can't be opened: its folder must exist and be writable, and open files be left";
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_PROTOCOL:
    return "another program holds a lock on the database file: end it (a shell of sqlite3, a backup)";
  case SQLITE_IOERR:
    return "the disk failed to read or write the database: look into the system's log, check its space and limits";
  case SQLITE_NOMEM: return "no memory is left";
  case SQLITE_NOTADB:
    return "the file is not a SQLite database: name another file, or move it away for a new one to be made";
  case SQLITE_CORRUPT:
    return "the database file is damaged: restore it from a backup, or rescue rows with `sqlite3 FILE .recover`";
  default: return nullptr;
  }
}

std::string describe(const failure& error, const std::string& path) {
  std::string text = path + ": ";
  if (const char* known = remedy(error.code())) return text + known + " (" + error.what() + ")";
  return text + error.what();
}

} // namespace

journal_error to_journal_error(const failure& error, const std::string& path) {
  switch (error.code()) {
  case SQLITE_FULL:
  case SQLITE_IOERR:
  case SQLITE_READONLY:
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_PROTOCOL:
  case SQLITE_CANTOPEN:
  case SQLITE_PERM:
  case SQLITE_AUTH:
  case SQLITE_NOMEM:
  case SQLITE_INTERRUPT: return {journal_errc::unavailable, describe(error, path)};
  default: return {journal_errc::broken, describe(error, path)};
  }
}

std::string open_error_text(const failure& error, const std::string& path) { return describe(error, path); }

bool needs_reopening(const failure& error) {
  return error.code() != SQLITE_FULL && error.code() != SQLITE_BUSY && error.code() != SQLITE_CONSTRAINT;
}

} // namespace wheelwork::sqlite
