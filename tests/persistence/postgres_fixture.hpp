// What tests of Postgres alone share: a journal with faults on tables of its own.
#pragma once

#include "persistence/postgres/postgres_journal.hpp"
#include "tests/persistence/journal_fixture.hpp"
#include "tests/support/postgres_server.hpp"

namespace wheelwork::testing_journal {

class postgres_test : public ::testing::Test {
protected:
  void SetUp() override;
  /// Tables of this test, on the server of the process.
  journal_options options(const std::string& node = "node-a");
  void start();
  result<std::vector<journal_receipt>, journal_error> push(uint64_t id, uint64_t ticket = 0);
  bool has_job(uint64_t id);
  /// Fails one step once with this SQLSTATE.
  void fail_once(postgres::commit_step wanted, const char* sqlstate);
  /// Statements and values of the superuser; `ww_` stands for the prefix of this test.
  void execute(const std::string& sql);
  std::string value(const std::string& sql);
  /// Ends all sessions that the journal has on the server.
  void end_sessions();

  static constexpr const char* no_fault = nullptr;
  manual_clock clock_;
  temporary_folder folder_;
  std::function<const char*(postgres::commit_step)> fault_;
  std::unique_ptr<journal> journal_;
  std::unique_ptr<journal_writer> writer_;
  std::unique_ptr<journal_reader> reader_;
};

} // namespace wheelwork::testing_journal
