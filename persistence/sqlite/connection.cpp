#include "persistence/sqlite/connection.hpp"

#include <sqlite3.h>

#include <mutex>

namespace wheelwork::sqlite {

namespace {

[[noreturn]] void fail(sqlite3* database, int code) {
  if (database) throw failure{sqlite3_extended_errcode(database), sqlite3_errmsg(database)};
  throw failure{code, sqlite3_errstr(code)};
}

// Without memory statistics SQLite takes no process-wide lock for each of its many small allocations.
void configure_library() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

} // namespace

statement::statement(sqlite3* database, const std::string& sql) : database_{database} {
  const int code = sqlite3_prepare_v3(database, sql.c_str(), static_cast<int>(sql.size()) + 1,
                                      SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (code != SQLITE_OK) fail(database, code);
}

statement::~statement() { sqlite3_finalize(handle_); }

void statement::bind(int index, int64_t value) { sqlite3_bind_int64(handle_, index, value); }

void statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL, and an empty text is not that.
  sqlite3_bind_text64(handle_, index, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void statement::bind(int index, blob bytes) {
  sqlite3_bind_blob64(handle_, index, bytes.bytes.data() ? bytes.bytes.data() : "", bytes.bytes.size(), SQLITE_STATIC);
}

void statement::bind(int index, std::nullopt_t) { sqlite3_bind_null(handle_, index); }

void statement::bind(int index, const std::optional<int64_t>& value) {
  if (value)
    bind(index, *value);
  else
    bind(index, std::nullopt);
}

bool statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  failure error{sqlite3_extended_errcode(database_), sqlite3_errmsg(database_)};
  sqlite3_reset(handle_);
  throw error;
}

void statement::reset() noexcept { sqlite3_reset(handle_); }

int64_t statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

bool statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

std::string_view statement::text(int column) const {
  const void* data = sqlite3_column_blob(handle_, column);
  if (!data) return {};
  return {static_cast<const char*>(data), static_cast<size_t>(sqlite3_column_bytes(handle_, column))};
}

connection::connection(connection_settings settings) : settings_{std::move(settings)} {
  configure_library();
  if (settings_.faults) {
    if (const int code = (*settings_.faults)(commit_step::open)) throw failure{code, sqlite3_errstr(code)};
  }
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (settings_.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  try {
    const int code = sqlite3_open_v2(settings_.path.c_str(), &database_, flags, nullptr);
    if (code != SQLITE_OK) fail(database_, code);
    apply_settings();
  } catch (...) {
    statements_.clear();
    sqlite3_close(database_);
    throw;
  }
}

connection::~connection() {
  statements_.clear();
  sqlite3_close(database_);
}

std::string connection::pragma(const std::string& name) {
  statement read{database_, "pragma " + name};
  return read.step() ? std::string{read.text(0)} : std::string{};
}

void connection::apply_settings() {
  sqlite3_busy_timeout(database_, settings_.busy_timeout_ms);
  execute("pragma temp_store = memory");
  if (settings_.read_only) {
    execute("pragma cache_size = -8192");
    return;
  }
  // SQLite opens a file that it must not write as a read-only one and would say so only at the first write.
  if (sqlite3_db_readonly(database_, "main") == 1) throw failure{SQLITE_READONLY, "the file can't be written"};
  const std::pair<const char*, const char*> wanted[] = {
      {"journal_mode", "wal"},
      {"synchronous", "2"},               // FULL: a commit is on the disk before it is answered
      {"wal_autocheckpoint", "4000"},     // pages; fewer cost rate, more make single commits slow
      {"journal_size_limit", "67108864"}, // the WAL shrinks to this after a long reader made it grow
      {"secure_delete", "0"},             // Debian's SQLite overwrites deleted rows with zeros otherwise
      {"cache_size", "-16384"},           // KiB
  };
  for (const auto& [name, value] : wanted) {
    execute(std::string{"pragma "} + name + " = " + value);
    if (const std::string found = pragma(name); found != value)
      throw failure{SQLITE_ERROR,
                    std::string{"the setting "} + name + " = " + value + " was not taken: it is " + found};
  }
}

statement& connection::prepared(const char* sql) {
  auto& kept = statements_[sql];
  if (!kept) kept = std::make_unique<statement>(database_, with_prefix(sql));
  return *kept;
}

std::unique_ptr<statement> connection::prepare(std::string_view sql) {
  return std::make_unique<statement>(database_, with_prefix(sql));
}

int connection::run_bound(statement& bound) {
  while (bound.step()) {
  }
  const int changed = sqlite3_changes(database_);
  bound.reset();
  return changed;
}

void connection::execute(std::string_view sql) {
  const int code = sqlite3_exec(database_, with_prefix(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(database_, code);
}

bool connection::checkpoint() {
  statement run{database_, "pragma wal_checkpoint(full)"};
  try {
    return run.step() && run.integer(0) == 0;
  } catch (const failure& error) {
    if (error.code() != SQLITE_FULL) throw;
    return false;
  }
}

bool connection::roll_back() noexcept {
  for (auto& [text, kept] : statements_)
    if (kept) kept->reset();
  // An error may have rolled back already; then there is nothing left to do.
  if (in_transaction()) sqlite3_exec(database_, "rollback", nullptr, nullptr, nullptr);
  return !in_transaction();
}

bool connection::in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

int64_t connection::last_insert_id() const { return sqlite3_last_insert_rowid(database_); }

snapshot::snapshot(connection& database) : database_{database} { database_.run("begin"); }

snapshot::~snapshot() {
  try {
    database_.run("rollback");
  } catch (const failure&) {
    database_.roll_back();
  }
}

} // namespace wheelwork::sqlite
