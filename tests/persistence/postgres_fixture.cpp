#include "tests/persistence/postgres_fixture.hpp"

#include "persistence/table_prefix.hpp"

namespace wheelwork::testing_journal {

void postgres_test::SetUp() {
  if (!postgres_server::missing().empty()) GTEST_SKIP() << postgres_server::missing();
  start();
}

journal_options postgres_test::options(const std::string& node) {
  journal_options made;
  made.url = postgres_server::of_process().url();
  made.table_prefix = prefix_of(folder_);
  made.node_name = node;
  made.clock = &clock_;
  return made;
}

void postgres_test::start() {
  reader_.reset();
  writer_.reset();
  journal_.reset();
  auto opened = postgres::open_postgres_journal(
      options(), std::make_shared<postgres::commit_fault>([this](postgres::commit_step step) {
        const auto fault = fault_; // it may replace itself
        return fault ? fault(step) : no_fault;
      }));
  if (!opened) throw std::runtime_error{opened.error()};
  journal_ = std::move(*opened);
  writer_ = journal_->open_writer();
  reader_ = journal_->open_reader();
}

result<std::vector<journal_receipt>, journal_error> postgres_test::push(uint64_t id, uint64_t ticket) {
  journal_change change = inserting({pushed(id, at(0))});
  change.ticket = ticket;
  return writer_->commit({change});
}

bool postgres_test::has_job(uint64_t id) {
  const auto found = reader_->find_job(job_id{id});
  if (!found) throw std::runtime_error{found.error().message};
  return found->has_value();
}

void postgres_test::fail_once(postgres::commit_step wanted, const char* sqlstate) {
  fault_ = [this, wanted, sqlstate](postgres::commit_step step) {
    if (step != wanted) return no_fault;
    fault_ = nullptr;
    return sqlstate;
  };
}

void postgres_test::execute(const std::string& sql) {
  postgres_server::of_process().execute(with_table_prefix(sql, prefix_of(folder_)));
}

std::string postgres_test::value(const std::string& sql) {
  return postgres_server::of_process().value(with_table_prefix(sql, prefix_of(folder_)));
}

void postgres_test::end_sessions() {
  value("select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where application_name = 'wheelwork'");
}

} // namespace wheelwork::testing_journal
