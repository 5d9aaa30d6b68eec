// SQLite behind three small classes: a connection that applies and reads back its settings, statements that it keeps
// prepared, and cursors that let go of the read lock when they go out of scope. Errors are thrown as `failure` and
// become values at the journal's edge.
#pragma once

#include "persistence/sqlite/commit_fault.hpp"
#include "persistence/stored_row.hpp"
#include "persistence/table_prefix.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace wheelwork::sqlite {

/// What SQLite answered.
class failure : public std::runtime_error {
public:
  failure(int extended_code, const std::string& message) : std::runtime_error{message}, extended_code_{extended_code} {}
  int code() const { return extended_code_ & 0xff; }
  int extended_code() const { return extended_code_; }

private:
  int extended_code_;
};

/// Bytes to bind as a BLOB; the caller keeps them until the statement was run.
struct blob {
  std::string_view bytes;
};

/// One prepared statement. Bound texts are not copied: they must live until the step is done.
class statement final : public stored_row {
public:
  statement(sqlite3* database, const std::string& sql);
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;
  ~statement() override;

  template <class... Values>
  void bind_all(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
  }
  void bind(int index, int64_t value);
  void bind(int index, int value) { bind(index, static_cast<int64_t>(value)); }
  void bind(int index, uint32_t value) { bind(index, static_cast<int64_t>(value)); }
  void bind(int index, uint64_t value) { bind(index, static_cast<int64_t>(value)); }
  void bind(int index, bool value) { bind(index, static_cast<int64_t>(value)); }
  void bind(int index, std::string_view text);
  void bind(int index, const std::string& text) { bind(index, std::string_view{text}); }
  void bind(int index, blob bytes);
  void bind(int index, std::nullopt_t);
  void bind(int index, const std::optional<int64_t>& value);
  template <class Value>
  void bind(int index, const std::optional<Value>& value) {
    if (value)
      bind(index, *value);
    else
      bind(index, std::nullopt);
  }

  /// True: a row is there. False: done. Throws failure.
  bool step();
  void reset() noexcept;

  int64_t integer(int column) const override;
  std::string_view text(int column) const override;
  bool is_null(int column) const override;

private:
  sqlite3* database_;
  sqlite3_stmt* handle_ = nullptr;
};

/// The rows of a statement that runs; resets it at the end of its life.
class cursor {
public:
  explicit cursor(statement& running) : running_{&running} {}
  cursor(cursor&& other) noexcept : running_{std::exchange(other.running_, nullptr)}, owned_{std::move(other.owned_)} {}
  explicit cursor(std::unique_ptr<statement> owned) : running_{owned.get()}, owned_{std::move(owned)} {}
  ~cursor() {
    if (running_) running_->reset();
  }
  bool next() { return running_->step(); }
  const statement& row() const { return *running_; }
  const statement* operator->() const { return running_; }

private:
  statement* running_;
  std::unique_ptr<statement> owned_;
};

struct connection_settings {
  std::string path;
  std::string table_prefix = "ww_";
  bool read_only = false;
  int busy_timeout_ms = 1000;
  commit_fault_ptr faults; ///< for tests; null: none
};

/// One connection, used by one thread at a time. SQL texts name their tables with the prefix `ww_`, which is replaced
/// by the configured one.
class connection {
public:
  /// Opens and applies all settings, so that a connection opened again can't lack one. Throws failure.
  explicit connection(connection_settings settings);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  /// Runs a constant text once to its end; the statement stays prepared under the address of the text. Answers the
  /// number of changed rows.
  template <class... Values>
  int run(const char* sql, const Values&... values) {
    statement& kept = prepared(sql);
    kept.bind_all(values...);
    return run_bound(kept);
  }
  /// Starts a constant text; rows come through the cursor.
  template <class... Values>
  cursor query(const char* sql, const Values&... values) {
    statement& kept = prepared(sql);
    kept.bind_all(values...);
    return cursor{kept};
  }
  /// A text put together at run time; not kept.
  std::unique_ptr<statement> prepare(std::string_view sql);
  /// Several statements without values.
  void execute(std::string_view sql);
  /// Rolls an open transaction back. True: the connection can be used again.
  bool roll_back() noexcept;
  bool in_transaction() const;
  /// Writes all that the WAL holds into the database file, and syncs that. False: a reader is in the way, or the disk
  /// is full. After a sync that failed, what a new connection finds in the WAL may be in the operating system's cache
  /// only, which takes it for written and never writes it again; from this on it can be relied on. Throws failure.
  bool checkpoint();
  int64_t last_insert_id() const;
  const connection_settings& settings() const { return settings_; }
  std::string with_prefix(std::string_view sql) const { return with_table_prefix(sql, settings_.table_prefix); }
  statement& prepared(const char* sql);

private:
  void apply_settings();
  std::string pragma(const std::string& name);
  int run_bound(statement& bound);

  connection_settings settings_;
  sqlite3* database_ = nullptr;
  std::unordered_map<const void*, std::unique_ptr<statement>> statements_;
};

/// A read transaction: all reads inside see one state.
class snapshot {
public:
  explicit snapshot(connection& database);
  ~snapshot();
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

private:
  connection& database_;
};

} // namespace wheelwork::sqlite
