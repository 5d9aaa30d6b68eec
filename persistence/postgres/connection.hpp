// libpqxx behind two small classes: a connection and the rows that it answers. Errors are thrown as `failure` and
// become values at the journal's edge. Works behind a proxy that pools by transaction: there nothing is kept in the
// session, while a session of its own keeps statements prepared.
#pragma once

#include "persistence/postgres/commit_fault.hpp"
#include "persistence/postgres/value.hpp"
#include "persistence/sql/watchdog.hpp"
#include "persistence/stored_row.hpp"
#include "schedule/time.hpp"

#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include <memory>
#include <stdexcept>
#include <unordered_map>
#include <vector>

namespace wheelwork::postgres {

/// SQLSTATE of this program's own: the server did not answer in time.
inline constexpr char no_answer[] = "08W01";
/// SQLSTATE: the transaction met another one, and the same again will do.
inline constexpr char serialization_failure[] = "40001";

/// What Postgres answered, or that it answered nothing any more.
class failure : public std::runtime_error {
public:
  failure(std::string sqlstate, const std::string& message)
      : std::runtime_error{message}, sqlstate_{std::move(sqlstate)} {}
  /// Five characters; 08006 also where the connection was lost on this side.
  const std::string& sqlstate() const { return sqlstate_; }
  bool is(std::string_view state) const { return sqlstate_ == state; }
  bool is_class(std::string_view two) const { return sqlstate_.starts_with(two); }

private:
  std::string sqlstate_;
};

/// All rows of an answer; begins before the first.
class rows final : private stored_row {
public:
  explicit rows(const pqxx::result& all) : all_{all} {} // a handle: copies share the rows
  bool next() { return ++at_ <= static_cast<size_t>(all_.size()); }
  void rewind() { at_ = 0; }
  const stored_row& row() const { return *this; }
  const stored_row* operator->() const { return this; }
  size_t size() const { return static_cast<size_t>(all_.size()); }
  size_t affected() const { return static_cast<size_t>(all_.affected_rows()); }

private:
  bool is_null(int column) const override { return field(column).is_null(); }
  int64_t integer(int column) const override;
  std::string_view text(int column) const override;
  std::string_view bytes(int column) const override;
  pqxx::field field(int column) const { return all_[static_cast<pqxx::result::size_type>(at_ - 1)][column]; }

  pqxx::result all_;
  size_t at_ = 0;
  mutable std::string unescaped_;
};

struct connection_settings {
  std::string target; ///< what libpq connects by, with the password
  std::string shown;  ///< the same for messages, without it
  std::string table_prefix = "ww_";
  milliseconds call_timeout{5'000}; ///< a call that takes longer ends the connection
  /// Finds rows by their keys only, and its plans are made once: for writers.
  bool fixed_plans = false;
  std::shared_ptr<class live_table_vacuum> vacuum; ///< is told of dead rows; null: none is
  commit_fault_ptr faults;                         ///< for tests; null: none
};

/// One connection, used by one thread at a time. SQL texts name their tables with the prefix `ww_`, which is replaced
/// by the configured one.
class connection {
public:
  /// Throws failure.
  explicit connection(connection_settings settings);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  /// A constant text with values for $1, $2, ….
  template <class... Values>
  rows query(const char* sql, const Values&... values) {
    return query_values(sql, {value{values}...});
  }
  rows query_values(const char* sql, const std::vector<value>& values);
  /// The same for a text put together at run time.
  rows query_text(std::string_view sql, const std::vector<value>& values) {
    return run_with(with_table_prefix_of(sql), values);
  }
  /// Answers the number of changed rows.
  template <class... Values>
  size_t run(const char* sql, const Values&... values) {
    return query(sql, values...).affected();
  }
  /// Statements without values, several are separated by semicolons; answers the rows of the last one.
  rows execute(std::string_view sql);

  using copied_row = std::array<value, 20>;
  /// COPY into a table: calls `next` until it answers false; it fills the row.
  void copy(const char* table, const std::vector<std::string>& columns, const std::function<bool(copied_row&)>& next);

  /// To be added to the `begin` of a transaction: what a session of its own has set once.
  std::string_view settings_of_transaction() const;

  /// True: the connection can be used again.
  bool roll_back() noexcept;
  /// Ends the call that another thread makes just now, if there is one.
  void cancel() noexcept;
  int backend() const { return database_->backendpid(); }
  const connection_settings& settings() const { return settings_; }
  std::string with_table_prefix_of(std::string_view sql) const;

private:
  rows run_with(const std::string& sql, const std::vector<value>& values);
  const std::string& known_text(const char* sql);
  template <class Function>
  auto translated(Function&& function) -> decltype(function());
  void check_server();

  connection_settings settings_;
  std::unique_ptr<pqxx::connection> database_;
  std::unique_ptr<pqxx::quiet_errorhandler> quiet_;
  std::unique_ptr<pqxx::nontransaction> session_;
  std::unique_ptr<watched_socket> watched_;
  std::unordered_map<const char*, std::string> texts_;
  std::unordered_map<const char*, std::string> prepared_; ///< their names
  bool own_session_ = false; ///< no proxy in between gives each transaction another session
};

/// A read transaction: all reads inside see one state.
class snapshot {
public:
  explicit snapshot(connection& database) : database_{database} {
    database_.execute("begin isolation level repeatable read read only");
  }
  ~snapshot() { database_.roll_back(); }
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

private:
  connection& database_;
};

} // namespace wheelwork::postgres
