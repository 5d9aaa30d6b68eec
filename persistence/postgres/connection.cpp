#include "persistence/postgres/connection.hpp"

#include "persistence/table_prefix.hpp"

#include <pqxx/binarystring>
#include <pqxx/except>
#include <pqxx/stream_to>
#include <pqxx/util>

#include <charconv>

namespace wheelwork::postgres {

namespace {

constexpr char connection_lost[] = "08006";
constexpr int oldest_version = 130000;

// For statements that find rows by their keys whatever the planner believes of a table; see sql_job.hpp.
constexpr char fixed_plans_of_session[] =
    "set enable_seqscan = off; set enable_nestloop = off; set plan_cache_mode = force_generic_plan";
constexpr char fixed_plans_of_transaction[] = "; set local enable_seqscan = off; set local enable_nestloop = off";

/// libpqxx tells some errors by their type only.
std::string sqlstate_of(const pqxx::sql_error& error) {
  if (!error.sqlstate().empty()) return error.sqlstate();
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error)) return "42501";
  if (dynamic_cast<const pqxx::undefined_table*>(&error)) return "42P01";
  if (dynamic_cast<const pqxx::syntax_error*>(&error)) return "42601";
  if (dynamic_cast<const pqxx::unique_violation*>(&error)) return "23505";
  if (dynamic_cast<const pqxx::integrity_constraint_violation*>(&error)) return "23000";
  if (dynamic_cast<const pqxx::data_exception*>(&error)) return "22000";
  if (dynamic_cast<const pqxx::disk_full*>(&error)) return "53100";
  if (dynamic_cast<const pqxx::insufficient_resources*>(&error)) return "53000";
  if (dynamic_cast<const pqxx::feature_not_supported*>(&error)) return "0A000";
  return "XX000";
}

std::string sqlstate_of(const pqxx::transaction_rollback& error) {
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error)) return "40P01";
  if (dynamic_cast<const pqxx::serialization_failure*>(&error)) return "40001";
  if (dynamic_cast<const pqxx::statement_completion_unknown*>(&error)) return "40003";
  return "40000";
}

// The text of an error without the line that shows the statement: it holds values of users.
std::string first_lines(const std::string& message) {
  std::string text = message.substr(0, message.find("\nLINE "));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

} // namespace

int64_t rows::integer(int column) const {
  const std::string_view digits = text(column);
  int64_t number = 0;
  if (digits == "t") return 1;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::string_view rows::text(int column) const {
  const pqxx::field found = field(column);
  return {found.c_str(), found.size()};
}

std::string_view rows::bytes(int column) const {
  const pqxx::field found = field(column);
  if (found.is_null()) return {};
  unescaped_ = pqxx::binarystring{found}.str();
  return unescaped_;
}

template <class Function>
auto connection::translated(Function&& function) -> decltype(function()) {
  const watched_socket::call call{watched_.get(), settings_.call_timeout};
  const auto lost = [&](const std::exception& error) {
    if (!call.expired()) return failure{connection_lost, first_lines(error.what())};
    return failure{no_answer, "no answer within " + std::to_string(settings_.call_timeout.count() / 1000) +
                                  " s, so the connection was ended"};
  };
  try {
    return function();
  } catch (const pqxx::broken_connection& error) {
    throw lost(error);
  } catch (const pqxx::sql_error& error) {
    if (!database_ || !database_->is_open()) throw lost(error);
    throw failure{sqlstate_of(error), first_lines(error.what())};
  } catch (const pqxx::transaction_rollback& error) {
    throw failure{sqlstate_of(error), first_lines(error.what())};
  } catch (const pqxx::failure& error) {
    throw lost(error);
  } catch (const pqxx::pqxx_exception& error) {
    throw failure{"XX000", first_lines(error.base().what())};
  }
}

connection::connection(connection_settings settings) : settings_{std::move(settings)} {
  if (settings_.faults) {
    if (const char* state = (*settings_.faults)(commit_step::open)) throw failure{state, "pretended by a test"};
  }
  translated([&] {
    database_ = std::make_unique<pqxx::connection>(settings_.target);
    quiet_ = std::make_unique<pqxx::quiet_errorhandler>(*database_);
    session_ = std::make_unique<pqxx::nontransaction>(*database_);
  });
  watched_ = std::make_unique<watched_socket>(database_->sock());
  check_server();
  if (settings_.fixed_plans && own_session_) execute(fixed_plans_of_session);
}

connection::~connection() {
  watched_.reset();
  session_.reset();
  quiet_.reset();
  database_.reset();
}

void connection::check_server() {
  if (const int version = database_->server_version(); version < oldest_version)
    throw failure{"0A000", "the server is PostgreSQL " + std::to_string(version / 10000) +
                               ", and wheelwork needs 13 or newer: upgrade the server"};
  auto found =
      execute("select current_setting('server_encoding'), current_setting('client_encoding'), pg_backend_pid()");
  found.next();
  if (found->text(0) != "UTF8" || found->text(1) != "UTF8")
    throw failure{"0A000", "the database has the encoding " + std::string{found->text(0)} +
                               ", and wheelwork needs UTF8: create one with `create database NAME encoding 'UTF8' "
                               "template template0`"};
  // A proxy tells a number of its own.
  own_session_ = found->integer(2) == backend();
}

std::string_view connection::settings_of_transaction() const {
  return settings_.fixed_plans && !own_session_ ? fixed_plans_of_transaction : "";
}

rows connection::query_values(const char* sql, const std::vector<value>& values) {
  if (!settings_.fixed_plans || !own_session_) return run_with(known_text(sql), values);
  auto known = prepared_.find(sql);
  if (known == prepared_.end()) {
    known = prepared_.emplace(sql, "wheelwork_" + std::to_string(prepared_.size())).first;
    translated([&] { database_->prepare(known->second, known_text(sql)); });
  }
  return translated(
      [&] { return rows{session_->exec_prepared(known->second, pqxx::prepare::make_dynamic_params(values))}; });
}

const std::string& connection::known_text(const char* sql) {
  const auto known = texts_.find(sql);
  return known != texts_.end() ? known->second : texts_[sql] = with_table_prefix_of(sql);
}

std::string connection::with_table_prefix_of(std::string_view sql) const {
  return with_table_prefix(sql, settings_.table_prefix);
}

rows connection::run_with(const std::string& sql, const std::vector<value>& values) {
  return translated([&] { return rows{session_->exec_params(sql, pqxx::prepare::make_dynamic_params(values))}; });
}

rows connection::execute(std::string_view sql) {
  return translated([&] { return rows{session_->exec(with_table_prefix_of(sql))}; });
}

void connection::copy(const char* table, const std::vector<std::string>& columns,
                      const std::function<bool(copied_row&)>& next) {
  translated([&] {
    pqxx::stream_to stream{*session_, with_table_prefix_of(table), columns};
    copied_row row{};
    while (next(row)) stream << row;
    stream.complete();
  });
}

void connection::cancel() noexcept {
  try {
    database_->cancel_query();
  } catch (const std::exception&) {
    return; // the server is gone, and the call with it
  }
}

bool connection::roll_back() noexcept {
  try {
    execute("rollback");
    return true;
  } catch (const std::exception&) {
    return false; // the caller opens another connection, and the server rolls back by itself
  }
}

} // namespace wheelwork::postgres
