// What tests of journals on a database server share: a journal with faults on tables of its own, and sessions beside
// it.
#pragma once

#include "persistence/sql/commit_step.hpp"
#include "tests/persistence/journal_fixture.hpp"

namespace wheelwork::testing_journal {

/// What a test pretends at a step.
enum class pretended { nothing, lost_connection, disk_full, deadlock };
using pretending = std::function<pretended(commit_step)>;

/// A session of an administrator.
class server_session {
public:
  virtual ~server_session() = default;
  /// Throws std::runtime_error.
  virtual void execute(const std::string& sql) = 0;
  /// The first value of the first row.
  virtual std::string value(const std::string& sql) = 0;
};

/// A server of the tests' own.
class running_server {
public:
  virtual ~running_server() = default;
  virtual std::string url() const = 0;
  virtual std::unique_ptr<server_session> session() const = 0;
  virtual pid_t pid() const = 0;
  virtual void crash() = 0;
  virtual void start() = 0;
};

struct server_kind {
  std::string name;
  const std::string& (*missing)();
  /// The one of the process.
  std::shared_ptr<running_server> (*shared)();
  /// One that a test may stop and kill.
  std::shared_ptr<running_server> (*own)();
  result<std::unique_ptr<journal>, std::string> (*open)(const journal_options& options, pretending pretend);
  const char* end_sessions; ///< statement that ends all sessions of journals
  const char* partitions;   ///< statement: how many days of history there are
  const char* be_writer;    ///< statements: in the middle of a commit of the writer row
};
inline std::ostream& operator<<(std::ostream& out, const server_kind& any) { return out << any.name; }
std::vector<server_kind> server_kinds();

class server_test : public ::testing::TestWithParam<server_kind> {
protected:
  void SetUp() override;
  /// Tables of this test, on the server of the process.
  journal_options options(const std::string& node = "node-a");
  void start();
  result<std::vector<journal_receipt>, journal_error> push(uint64_t id, uint64_t ticket = 0);
  bool has_job(uint64_t id);
  /// Fails one step once.
  void fail_once(commit_step wanted, pretended what);
  /// `ww_` stands for the prefix of this test.
  std::string named(const std::string& sql) const;
  void execute(const std::string& sql);
  std::string value(const std::string& sql);
  void end_sessions() { value(GetParam().end_sessions); }

  manual_clock clock_;
  temporary_folder folder_;
  std::shared_ptr<running_server> server_;
  pretending pretend_;
  std::unique_ptr<journal> journal_;
  std::unique_ptr<journal_writer> writer_;
  std::unique_ptr<journal_reader> reader_;
};

} // namespace wheelwork::testing_journal
