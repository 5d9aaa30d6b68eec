// libmariadb behind two small classes: a connection and the rows that it answers. Errors are thrown as `failure` and
// become values at the journal's edge. Statements go as text, whole batches of rows in each: that takes one round trip
// and works with every server.
#pragma once

#include "persistence/mysql/commit_fault.hpp"
#include "persistence/mysql/literal.hpp"
#include "persistence/mysql/url.hpp"
#include "persistence/sql/watchdog.hpp"
#include "persistence/stored_row.hpp"
#include "schedule/time.hpp"

#include <stdexcept>
#include <unordered_map>
#include <vector>

struct st_mysql;
struct st_mysql_res;

namespace wheelwork::mysql {

/// Error numbers: those of the server, those of libmariadb from 2000 on, and two of this program's own.
namespace error_number {
inline constexpr unsigned lock_timeout = 1205;
inline constexpr unsigned deadlock = 1213;
inline constexpr unsigned duplicate = 1062;
inline constexpr unsigned no_such_session = 1094;
inline constexpr unsigned packet_too_large = 1153;
inline constexpr unsigned lost = 2013;
inline constexpr unsigned no_tls = 2026;
inline constexpr unsigned no_answer = 2998;   ///< the server did not answer in time
inline constexpr unsigned not_fitting = 2999; ///< this server or database can't be used, the message says why
inline constexpr unsigned damaged = 2997;     ///< something that must be there is missing
} // namespace error_number

/// What the server answered, or that it answered nothing any more.
class failure : public std::runtime_error {
public:
  failure(unsigned number, std::string sqlstate, const std::string& message)
      : std::runtime_error{message}, number_{number}, sqlstate_{std::move(sqlstate)} {}
  failure(unsigned number, const std::string& message) : failure{number, "HY000", message} {}
  unsigned number() const { return number_; }
  const std::string& sqlstate() const { return sqlstate_; }

private:
  unsigned number_;
  std::string sqlstate_;
};

/// All rows of an answer; begins before the first.
class rows final : private stored_row {
public:
  rows() = default;
  rows(st_mysql_res* all, size_t affected) : all_{all}, affected_{affected} {}

  bool next();
  void rewind();
  const stored_row& row() const { return *this; }
  const stored_row* operator->() const { return this; }
  size_t size() const;
  size_t affected() const { return affected_; }

private:
  struct free_result {
    void operator()(st_mysql_res* all) const;
  };
  bool is_null(int column) const override { return !row_[column]; }
  int64_t integer(int column) const override;
  std::string_view text(int column) const override;

  std::unique_ptr<st_mysql_res, free_result> all_;
  char** row_ = nullptr;
  const unsigned long* lengths_ = nullptr;
  size_t affected_ = 0;
};

struct connection_settings {
  connection_target target;
  std::string shown; ///< for messages, without password
  std::string table_prefix = "ww_";
  bool writes = true;               ///< a server that is read-only is refused
  bool foreign = false;             ///< another program's database: a server of any age, and nothing can be written
  milliseconds call_timeout{5'000}; ///< a call that takes longer ends the connection
  commit_fault_ptr faults;          ///< for tests; null: none
};

/// One connection, used by one thread at a time. SQL texts name their tables with the prefix `ww_`, which is replaced
/// by the configured one. Its session reads what is committed, waits at most a second for a row, and takes texts as
/// they are.
class connection {
public:
  /// Throws failure.
  explicit connection(connection_settings settings);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  /// A constant text with values for $1, $2, …; the rows are those of its last statement.
  template <class... Values>
  rows query(const char* sql, const Values&... values) {
    return send(filled(known_text(sql), {literal{values}...}));
  }
  /// The same for a text put together at run time.
  rows query_text(std::string_view sql, const std::vector<literal>& values) {
    return send(filled(with_table_prefix_of(sql), values));
  }
  /// Answers the number of rows that it met, also those that had the new values before.
  template <class... Values>
  size_t run(const char* sql, const Values&... values) {
    return query(sql, values...).affected();
  }
  /// Statements as they are, several are separated by semicolons; answers the rows of the last one.
  rows execute(std::string_view sql) { return send(with_table_prefix_of(sql)); }
  /// The same for a text whose values may contain anything: `ww_` is replaced by the one who made it.
  rows send(const std::string& sql);

  /// True: the connection can be used again.
  bool roll_back() noexcept;
  uint64_t session() const;
  bool is_mariadb() const { return mariadb_; }
  /// How long a statement may be.
  size_t statement_size_max() const { return statement_size_max_; }
  /// Compares by bytes and holds all characters, with blanks at the end: the name differs between servers.
  const char* collation() const;
  const connection_settings& settings() const { return settings_; }
  std::string with_table_prefix_of(std::string_view sql) const;

private:
  static std::string filled(const std::string& sql, const std::vector<literal>& values);
  const std::string& known_text(const char* sql);
  void open();
  void set_tls();
  void check_version() const;
  void prepare_session();
  void prepare_foreign_session();
  [[noreturn]] void throw_error(const watched_socket::call* call) const;

  struct close_handle {
    void operator()(st_mysql* handle) const;
  };
  connection_settings settings_;
  std::unique_ptr<st_mysql, close_handle> handle_;
  std::unique_ptr<watched_socket> watched_;
  std::unordered_map<const char*, std::string> texts_;
  bool mariadb_ = false;
  size_t statement_size_max_ = 1 << 20;
};

/// A read transaction: all reads inside see one state.
class snapshot {
public:
  explicit snapshot(connection& database) : database_{database} {
    database_.execute("set transaction isolation level repeatable read; "
                      "start transaction with consistent snapshot, read only");
  }
  ~snapshot() { database_.roll_back(); }
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

private:
  connection& database_;
};

} // namespace wheelwork::mysql
