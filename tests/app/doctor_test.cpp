// wheelwork doctor as its users run it: what it prints, and its exit codes.
#include "tests/app/node_process.hpp"
#include "tests/app/program.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

namespace wheelwork {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

class doctor_test : public program_test {
protected:
  std::string database() const { return "database.url=sqlite://" + (folder_ / "a.db").string(); }
  void execute(const char* sql) {
    sqlite3* shell = nullptr;
    ASSERT_EQ(sqlite3_open((folder_ / "a.db").c_str(), &shell), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(shell, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(shell);
    sqlite3_close(shell);
  }
};

TEST_F(doctor_test, ends_with_0_where_nothing_is_serious) {
  auto before = run({"doctor", "--set", database()});
  EXPECT_EQ(before.code, 0) << before.out << before.error;
  EXPECT_THAT(before.out, AllOf(HasSubstr("does not exist yet"), HasSubstr("\n        -> ")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a.db")) << "it makes nothing";
  ASSERT_EQ(run({"migrate", "--set", database()}).code, 0);
  write("with.toml", "[database]\nurl = \"sqlite://" + (folder_ / "a.db").string() + "\"\n");
  auto after = run({"doctor", "--config", "with.toml"});
  EXPECT_EQ(after.code, 0) << after.out << after.error;
  EXPECT_THAT(after.error, IsEmpty());
  EXPECT_THAT(after.out, AllOf(HasSubstr("\nok      journal_mode "), HasSubstr("\nok      tables ")));
}

TEST_F(doctor_test, ends_with_1_where_something_is_and_says_it_on_standard_error) {
  ASSERT_EQ(run({"migrate", "--set", database()}).code, 0);
  execute("insert into ww_migration (version, name) values (999, 'from the future')");
  auto found = run({"doctor", "--set", database()});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, HasSubstr("\nerror   tables"));
  EXPECT_THAT(found.error, MatchesRegex("wheelwork: the database is not in order: tables: version 999[^\n]*\n"));
}

TEST_F(doctor_test, ends_with_1_where_the_database_can_not_be_reached) {
  auto found = run({"doctor", "--set", "database.url=postgres://me:secret@/jobs?host=" + folder_.string()});
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, AllOf(HasSubstr("error   connection"), HasSubstr("no server listens there")));
  EXPECT_THAT(found.error, AllOf(HasSubstr("no server listens there"), Not(HasSubstr("secret"))));
  EXPECT_THAT(found.out, Not(HasSubstr("secret")));
}

TEST_F(doctor_test, ends_with_2_where_the_configuration_has_a_fault) {
  EXPECT_EQ(run({"doctor", "--config", "none.toml"}).code, 2);
  EXPECT_EQ(run({"doctor", "--set", "database.url=nonsense"}).code, 2);
  EXPECT_EQ(run({"doctor", "--nonsense"}).code, 2);
}

TEST_F(doctor_test, prints_json_where_that_is_asked_for) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"doctor", "--json", "--set", database()},
                                                                     {"--json", "doctor", "--set", database()}}) {
    auto found = run(arguments);
    EXPECT_EQ(found.code, 0) << found.error;
    auto whole = nlohmann::json::parse(found.out, nullptr, false);
    ASSERT_TRUE(whole.is_object()) << found.out;
    EXPECT_THAT(whole["worst"], ::testing::AnyOf("note", "warning"));
    ASSERT_GE(whole["findings"].size(), 3u);
    for (const auto& each : whole["findings"])
      for (const char* member : {"check", "severity", "found", "advice"})
        EXPECT_TRUE(each.at(member).is_string()) << each.dump();
  }
  auto unreachable = run({"doctor", "--json", "--set", "database.url=postgres:///jobs?host=" + folder_.string()});
  EXPECT_EQ(unreachable.code, 1);
  EXPECT_EQ(nlohmann::json::parse(unreachable.out, nullptr, false)["worst"], "error");
}

TEST_F(doctor_test, goes_beside_a_running_node_and_names_it) {
  std::filesystem::create_directory(folder_ / "node");
  app_test::node_process node{folder_ / "node"};
  node.start();
  auto found = run({"doctor", "--config", (node.folder() / "wheelwork.toml").string()});
  EXPECT_EQ(found.code, 0) << found.out << found.error;
  EXPECT_THAT(found.out, HasSubstr("holds the lock of the database"));
  EXPECT_EQ(node.push({{"target", {{"native", {{"handler", "noop"}}}}}}).empty(), false) << "the node goes on";
  node.kill();
  EXPECT_THAT(run({"doctor", "--config", (node.folder() / "wheelwork.toml").string()}).out,
              HasSubstr("nobody holds it"));
}

} // namespace
} // namespace wheelwork
