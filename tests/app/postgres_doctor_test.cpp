// wheelwork doctor and a node on a real PostgreSQL server.
#include "tests/app/node_process.hpp"
#include "tests/app/program.hpp"
#include "tests/support/postgres_server.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class postgres_doctor_test : public program_test {
protected:
  void SetUp() override {
    if (!postgres_server::missing().empty()) GTEST_SKIP() << postgres_server::missing();
    program_test::SetUp();
  }
  program_result look(const postgres_server& server) {
    return run({"doctor", "--set", "database.url=" + server.url()});
  }
};

TEST_F(postgres_doctor_test, ends_with_1_at_a_server_that_is_not_safe) {
  const postgres_server server; // the tests' usual one: fast, without fsync and autovacuum
  const auto found = look(server);
  EXPECT_EQ(found.code, 1) << found.out;
  EXPECT_THAT(found.out, AllOf(HasSubstr("error   fsync"), HasSubstr("error   autovacuum")));
  EXPECT_THAT(found.error, AllOf(HasSubstr("fsync: off"), HasSubstr("autovacuum: off")));
}

TEST_F(postgres_doctor_test, ends_with_0_beside_a_node_that_made_its_partitions_ahead) {
  const postgres_server server{{.settings = "fsync = on\nautovacuum = on\n"}};
  std::filesystem::create_directory(folder_ / "node");
  app_test::node_process node{folder_ / "node"};
  node.start({"database.url=" + server.url()});
  ASSERT_TRUE(node.eventually([&] {
    return server.value("select count(*) from pg_inherits where inhparent = 'ww_job_history'::regclass") == "2";
  })) << node.log();
  const auto found = look(server);
  EXPECT_EQ(found.code, 0) << found.out << found.error;
  EXPECT_THAT(found.out, AllOf(HasSubstr("node test (incarnation 1) holds it"), HasSubstr("2 partitions, today's")));
  EXPECT_EQ(node.terminate(), 0) << node.log();
  EXPECT_THAT(look(server).out, HasSubstr("nobody holds it"));
}

} // namespace
} // namespace wheelwork
