#include "tests/persistence/server_fixture.hpp"

#include "persistence/mysql/mysql_journal.hpp"
#include "persistence/postgres/postgres_journal.hpp"
#include "persistence/table_prefix.hpp"
#include "tests/support/mariadb_server.hpp"
#include "tests/support/postgres_server.hpp"

#include <pqxx/pqxx>

namespace wheelwork::testing_journal {

namespace {

class postgres_session final : public server_session {
public:
  explicit postgres_session(const std::string& url) : database_{url}, quiet_{database_} {}
  void execute(const std::string& sql) override { value(sql); }
  std::string value(const std::string& sql) override {
    const pqxx::result rows = session_.exec(sql);
    return rows.empty() || rows.columns() == 0 ? std::string{} : rows[0][0].c_str();
  }

private:
  pqxx::connection database_;
  pqxx::quiet_errorhandler quiet_;
  pqxx::nontransaction session_{database_};
};

class mysql_session final : public server_session {
public:
  explicit mysql_session(mariadb_session session) : session_{std::move(session)} {}
  void execute(const std::string& sql) override { session_.execute(sql); }
  std::string value(const std::string& sql) override { return session_.value(sql); }

private:
  mariadb_session session_;
};

std::unique_ptr<server_session> session_on(const postgres_server& server) {
  return std::make_unique<postgres_session>(server.url());
}
std::unique_ptr<server_session> session_on(const mariadb_server& server) {
  return std::make_unique<mysql_session>(server.session());
}

template <class Server>
class running final : public running_server {
public:
  explicit running(Server* shared)
      : owned_{shared ? nullptr : std::make_unique<Server>()}, server_{shared ? shared : owned_.get()} {}
  std::string url() const override { return server_->url(); }
  std::unique_ptr<server_session> session() const override { return session_on(*server_); }
  pid_t pid() const override { return server_->pid(); }
  void crash() override { server_->crash(); }
  void start() override { server_->start(); }

private:
  std::unique_ptr<Server> owned_;
  Server* server_;
};

template <class Server>
std::shared_ptr<running_server> shared_server() {
  return std::make_shared<running<Server>>(&Server::of_process());
}
template <class Server>
std::shared_ptr<running_server> own_server() {
  return std::make_shared<running<Server>>(nullptr);
}

const char* sqlstate_of(pretended what) {
  switch (what) {
  case pretended::nothing: break;
  case pretended::lost_connection: return "08006";
  case pretended::disk_full: return "53100";
  case pretended::deadlock: return "40P01";
  }
  return nullptr;
}

unsigned error_number_of(pretended what) {
  switch (what) {
  case pretended::nothing: break;
  case pretended::lost_connection: return 2013;
  case pretended::disk_full: return 1114;
  case pretended::deadlock: return 1213;
  }
  return 0;
}

} // namespace

std::vector<server_kind> server_kinds() {
  return {{.name = "postgres",
           .missing = &postgres_server::missing,
           .shared = &shared_server<postgres_server>,
           .own = &own_server<postgres_server>,
           .open =
               [](const journal_options& options, pretending pretend) {
                 return postgres::open_postgres_journal(
                     options, std::make_shared<postgres::commit_fault>(
                                  [pretend](commit_step step) { return sqlstate_of(pretend(step)); }));
               },
           .end_sessions = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where "
                           "application_name = 'wheelwork'",
           .partitions = "select count(*) from pg_inherits where inhparent = 'ww_job_history'::regclass",
           .be_writer = "begin; update ww_writer set batch = batch + 1"},
          {.name = "mariadb",
           .missing = &mariadb_server::missing,
           .shared = &shared_server<mariadb_server>,
           .own = &own_server<mariadb_server>,
           .open =
               [](const journal_options& options, pretending pretend) {
                 return mysql::open_mysql_journal(options,
                                                  std::make_shared<mysql::commit_fault>([pretend](commit_step step) {
                                                    return error_number_of(pretend(step));
                                                  }));
               },
           .end_sessions = "begin not atomic for one in (select id from information_schema.processlist where db = "
                           "database() and id <> connection_id()) do execute immediate concat('kill ', one.id); "
                           "end for; end",
           .partitions = "select count(*) - 1 from information_schema.partitions where table_schema = database() and "
                         "table_name = 'ww_job_history'",
           .be_writer = "start transaction; update ww_writer set batch = batch + 1, session = connection_id()"}};
}

void server_test::SetUp() {
  if (!GetParam().missing().empty()) GTEST_SKIP() << GetParam().missing();
  server_ = GetParam().shared();
  start();
}

journal_options server_test::options(const std::string& node) {
  journal_options made;
  made.url = server_->url();
  made.table_prefix = prefix_of(folder_);
  made.node_name = node;
  made.clock = &clock_;
  return made;
}

void server_test::start() {
  reader_.reset();
  writer_.reset();
  journal_.reset();
  auto opened = GetParam().open(options(), [this](commit_step step) {
    const auto pretend = pretend_; // it may replace itself
    return pretend ? pretend(step) : pretended::nothing;
  });
  if (!opened) throw std::runtime_error{opened.error()};
  journal_ = std::move(*opened);
  writer_ = journal_->open_writer();
  reader_ = journal_->open_reader();
}

result<std::vector<journal_receipt>, journal_error> server_test::push(uint64_t id, uint64_t ticket) {
  journal_change change = inserting({pushed(id, at(0))});
  change.ticket = ticket;
  return writer_->commit({change});
}

bool server_test::has_job(uint64_t id) {
  const auto found = reader_->find_job(job_id{id});
  if (!found) throw std::runtime_error{found.error().message};
  return found->has_value();
}

void server_test::fail_once(commit_step wanted, pretended what) {
  pretend_ = [this, wanted, what](commit_step step) {
    if (step != wanted) return pretended::nothing;
    pretend_ = nullptr;
    return what;
  };
}

std::string server_test::named(const std::string& sql) const { return with_table_prefix(sql, prefix_of(folder_)); }

void server_test::execute(const std::string& sql) { server_->session()->execute(named(sql)); }

std::string server_test::value(const std::string& sql) { return server_->session()->value(named(sql)); }

} // namespace wheelwork::testing_journal
