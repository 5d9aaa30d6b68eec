#include "persistence/mysql/connection.hpp"

#include "persistence/table_prefix.hpp"

#include <mysql.h>

#include <algorithm>
#include <charconv>
#include <mutex>

namespace wheelwork::mysql {

namespace {

constexpr unsigned long oldest_mariadb = 100600, oldest_mysql = 80019;
constexpr unsigned long mysql_with_read_only_sessions = 50605;
constexpr unsigned connect_timeout_s = 5;
constexpr size_t statement_size_most = 8 << 20; // longer ones gain nothing

// Comments with an exclamation mark are read by MariaDB only.
constexpr char session_settings[] =
    "set session transaction isolation level read committed; set session "
    "sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO', "
    "time_zone = '+00:00', autocommit = 1, innodb_lock_wait_timeout = 1, lock_wait_timeout = 3";
constexpr char mariadb_settings[] =
    "; set session idle_transaction_timeout = 10, in_predicate_conversion_threshold = 0";

void begin_library() {
  static std::once_flag once;
  std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
}

} // namespace

void rows::free_result::operator()(st_mysql_res* all) const { mysql_free_result(all); }

bool rows::next() {
  if (!all_) return false;
  row_ = mysql_fetch_row(all_.get());
  if (row_) lengths_ = mysql_fetch_lengths(all_.get());
  return row_ != nullptr;
}

void rows::rewind() {
  if (all_) mysql_data_seek(all_.get(), 0);
}

size_t rows::size() const { return all_ ? static_cast<size_t>(mysql_num_rows(all_.get())) : 0; }

int64_t rows::integer(int column) const {
  const std::string_view digits = text(column);
  int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::string_view rows::text(int column) const {
  if (!row_[column]) return {};
  return {row_[column], lengths_[column]};
}

void connection::close_handle::operator()(st_mysql* handle) const { mysql_close(handle); }

connection::connection(connection_settings settings) : settings_{std::move(settings)} {
  if (settings_.faults)
    if (const unsigned number = (*settings_.faults)(commit_step::open)) throw failure{number, "pretended by a test"};
  begin_library();
  // The time limit of connecting is the one of all later reads, so that a patient connection needs a first look.
  if (settings_.call_timeout > std::chrono::seconds{connect_timeout_s}) {
    connection_settings quick = settings_;
    quick.faults = nullptr;
    quick.call_timeout = std::chrono::seconds{connect_timeout_s};
    const connection look{std::move(quick)};
  }
  open();
  if (settings_.foreign) {
    prepare_foreign_session();
    return;
  }
  check_version();
  prepare_session();
}

connection::~connection() {
  watched_.reset(); // before its socket is closed
  handle_.reset();
}

void connection::set_tls() {
  const connection_target& target = settings_.target;
  const auto file = [&](mysql_option option, const std::string& path) {
    if (!path.empty()) mysql_optionsv(handle_.get(), option, path.c_str());
  };
  if (target.tls == tls_mode::off) return;
  my_bool yes = 1;
  mysql_optionsv(handle_.get(), MYSQL_OPT_SSL_ENFORCE, &yes);
  file(MYSQL_OPT_SSL_CA, target.tls_ca);
  file(MYSQL_OPT_SSL_CERT, target.tls_certificate);
  file(MYSQL_OPT_SSL_KEY, target.tls_key);
  if (target.tls == tls_mode::verify_identity) mysql_optionsv(handle_.get(), MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
}

void connection::open() {
  handle_.reset(mysql_init(nullptr));
  if (!handle_) throw std::bad_alloc{};
  const auto seconds = static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(settings_.call_timeout).count());
  const unsigned connecting = std::min(connect_timeout_s, seconds), reading = seconds + 1;
  const unsigned no_files = 0;
  mysql_optionsv(handle_.get(), MYSQL_OPT_CONNECT_TIMEOUT, &connecting);
  mysql_optionsv(handle_.get(), MYSQL_OPT_READ_TIMEOUT, &reading);
  mysql_optionsv(handle_.get(), MYSQL_OPT_WRITE_TIMEOUT, &reading);
  mysql_optionsv(handle_.get(), MYSQL_OPT_LOCAL_INFILE, &no_files);
  mysql_optionsv(handle_.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_optionsv(handle_.get(), MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "wheelwork");
  set_tls();
  const connection_target& target = settings_.target;
  const char* const host = target.socket.empty() ? target.host.c_str() : nullptr;
  // `localhost` stands for a Unix socket in this library, and for a host everywhere else.
  const char* const by_address = host && target.host == "localhost" ? "127.0.0.1" : host;
  if (!mysql_real_connect(handle_.get(), by_address, target.user.c_str(), target.password.c_str(),
                          target.database.c_str(), target.port, target.socket.empty() ? nullptr : target.socket.c_str(),
                          CLIENT_MULTI_STATEMENTS | CLIENT_FOUND_ROWS))
    throw_error(nullptr);
  // The library goes on without TLS where the server has none.
  if (target.tls != tls_mode::off && !mysql_get_ssl_cipher(handle_.get()))
    throw failure{error_number::no_tls, "the server has no TLS"};
  watched_ = std::make_unique<watched_socket>(static_cast<int>(mysql_get_socket(handle_.get())));
  mariadb_ = mariadb_connection(handle_.get()) != 0;
}

void connection::throw_error(const watched_socket::call* call) const {
  if (call && call->expired())
    throw failure{error_number::no_answer, "no answer within " + std::to_string(settings_.call_timeout.count() / 1000) +
                                               " s, so the connection was ended"};
  throw failure{mysql_errno(handle_.get()), mysql_sqlstate(handle_.get()), mysql_error(handle_.get())};
}

void connection::check_version() const {
  const unsigned long version = mysql_get_server_version(handle_.get());
  if (version >= (mariadb_ ? oldest_mariadb : oldest_mysql)) return;
  throw failure{error_number::not_fitting, std::string{"the server is "} + (mariadb_ ? "MariaDB " : "MySQL ") +
                                               mysql_get_server_info(handle_.get()) +
                                               ", and wheelwork needs MariaDB 10.6 or MySQL 8.0.19 or newer: upgrade "
                                               "the server"};
}

const char* connection::collation() const { return mariadb_ ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin"; }

void connection::prepare_session() {
  auto found = send(std::string{session_settings} + (mariadb_ ? mariadb_settings : "") +
                    "; set names utf8mb4 collate " + collation() +
                    "; select @@max_allowed_packet, @@global.read_only, @@global.innodb_read_only, "
                    "(select count(*) from information_schema.engines where engine = 'InnoDB' and support in "
                    "('YES', 'DEFAULT'))");
  found.next();
  // The text of a statement needs some room in its packet.
  statement_size_max_ = std::min<size_t>(statement_size_most, static_cast<size_t>(found->integer(0)) -
                                                                  std::min<int64_t>(1024, found->integer(0) / 2));
  if (found->integer(3) == 0)
    throw failure{error_number::not_fitting, "the server has no InnoDB, which keeps what is committed: enable it"};
  if (settings_.writes && (found->integer(1) != 0 || found->integer(2) != 0))
    throw failure{1290, "HY000", "read_only is on"};
}

void connection::prepare_foreign_session() {
  send("set names utf8mb4");
  if (mariadb_ || mysql_get_server_version(handle_.get()) >= mysql_with_read_only_sessions)
    send("set session transaction read only");
}

rows connection::send(const std::string& sql) {
  const watched_socket::call call{watched_.get(), settings_.call_timeout};
  if (mysql_real_query(handle_.get(), sql.data(), sql.size()) != 0) throw_error(&call);
  for (;;) {
    st_mysql_res* const stored = mysql_store_result(handle_.get());
    rows answer{stored, static_cast<size_t>(mysql_affected_rows(handle_.get()))};
    if (!stored && mysql_field_count(handle_.get()) != 0) throw_error(&call);
    const int next = mysql_next_result(handle_.get());
    if (next < 0) return answer;
    if (next > 0) throw_error(&call);
  }
}

std::string connection::filled(const std::string& sql, const std::vector<literal>& values) {
  std::string text;
  size_t plain = 0;
  for (size_t at = sql.find('$'); at != std::string::npos; at = sql.find('$', plain)) {
    text.append(sql, plain, at - plain);
    size_t number = 0;
    const char* const end = sql.data() + sql.size();
    plain = static_cast<size_t>(std::from_chars(sql.data() + at + 1, end, number).ptr - sql.data());
    text += values.at(number - 1).text();
  }
  return text.append(sql, plain);
}

const std::string& connection::known_text(const char* sql) {
  const auto known = texts_.find(sql);
  return known != texts_.end() ? known->second : texts_[sql] = with_table_prefix_of(sql);
}

std::string connection::with_table_prefix_of(std::string_view sql) const {
  return with_table_prefix(sql, settings_.table_prefix);
}

bool connection::roll_back() noexcept {
  try {
    execute("rollback");
    return true;
  } catch (const std::exception&) {
    return false; // the caller opens another connection, and the server rolls back by itself
  }
}

uint64_t connection::session() const { return mysql_thread_id(handle_.get()); }

} // namespace wheelwork::mysql
