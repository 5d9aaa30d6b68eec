// wheelwork doctor with connections to Redis.
#include "tests/app/program.hpp"
#include "tests/support/redis_server.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class redis_doctor_test : public program_test {
protected:
  void SetUp() override {
    if (!redis_server::missing().empty()) GTEST_SKIP() << redis_server::missing();
    program_test::SetUp();
  }
  program_result doctor(const std::string& url) {
    return run(
        {"doctor", "--set", "database.url=sqlite://" + (folder_ / "a.db").string(), "--set", "redis.main.url=" + url});
  }
};

TEST_F(redis_doctor_test, a_server_that_keeps_everything_is_in_order) {
  redis_server server{{.settings = {"appendonly yes"}}};
  auto found = doctor(server.url());
  EXPECT_EQ(found.code, 0) << found.out << found.error;
  EXPECT_THAT(found.out, HasSubstr("\nok      redis.main"));
}

TEST_F(redis_doctor_test, what_may_lose_messages_is_told) {
  redis_server server{{.settings = {"maxmemory 100mb", "maxmemory-policy allkeys-lru"}}};
  auto found = doctor(server.url());
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out,
              AllOf(HasSubstr("maxmemory-policy is allkeys-lru"), HasSubstr("-> set maxmemory-policy noeviction"),
                    HasSubstr("\nnote    redis.main"), HasSubstr("appendonly is off")));
  EXPECT_THAT(found.error, HasSubstr("wheelwork: a broker is not in order: redis.main: "));
}

TEST_F(redis_doctor_test, a_server_that_can_not_be_reached_is_an_error_without_its_password) {
  auto found = doctor("unix://me:hush@" + (folder_ / "no.sock").string());
  EXPECT_EQ(found.code, 1);
  EXPECT_THAT(found.out, HasSubstr("\nerror   redis.main"));
  EXPECT_THAT(found.out + found.error, Not(HasSubstr("hush")));
}

} // namespace
} // namespace wheelwork
