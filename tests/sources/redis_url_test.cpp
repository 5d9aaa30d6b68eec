#include "brokers/redis_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wheelwork {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(redis_url, names_host_port_and_database) {
  const auto full = parse_redis_url("redis://app:p%40ss%3A%2F@cache.example:6380/3");
  ASSERT_TRUE(full) << full.error();
  EXPECT_EQ(full->host, "cache.example");
  EXPECT_EQ(full->port, 6380);
  EXPECT_EQ(full->database, 3);
  EXPECT_EQ(full->user, "app");
  EXPECT_EQ(full->password, "p@ss:/");
  EXPECT_EQ(full->text(), "cache.example:6380");
}

TEST(redis_url, has_defaults) {
  const auto short_one = parse_redis_url("redis://:secret@127.0.0.1");
  ASSERT_TRUE(short_one) << short_one.error();
  EXPECT_EQ(short_one->port, 6379);
  EXPECT_EQ(short_one->database, 0);
  EXPECT_EQ(short_one->user, "");
  EXPECT_EQ(short_one->password, "secret");
}

TEST(redis_url, takes_addresses_of_ipv6) {
  const auto address = parse_redis_url("redis://[::1]:7000/1");
  ASSERT_TRUE(address) << address.error();
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->text(), "[::1]:7000");
}

TEST(redis_url, takes_sockets) {
  const auto plain = parse_redis_url("unix:///run/redis/redis.sock?db=2");
  ASSERT_TRUE(plain) << plain.error();
  EXPECT_EQ(plain->path, "/run/redis/redis.sock");
  EXPECT_EQ(plain->database, 2);
  const auto with_password = parse_redis_url("unix://:secret@/run/redis.sock");
  ASSERT_TRUE(with_password) << with_password.error();
  EXPECT_EQ(with_password->path, "/run/redis.sock");
  EXPECT_EQ(with_password->password, "secret");
}

TEST(redis_url, says_what_is_wrong_without_the_password) {
  for (const auto& [url, words] : {std::pair{"rediss://:geheim@h", "TLS"},
                                   {"http://:geheim@h", "redis://"},
                                   {"", "redis://"},
                                   {"redis://", "form"},
                                   {"redis://:geheim@h/zero", "zero"},
                                   {"redis://:geheim@h:70000", "form"},
                                   {"redis://:geheim@h?x=1", "db=NUMBER"},
                                   {"redis://user@h", "without a password"},
                                   {"unix://run/redis.sock", "three slashes"},
                                   {"unix://", "path"}}) {
    const auto parsed = parse_redis_url(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_THAT(parsed.error(), HasSubstr(words)) << url;
    EXPECT_THAT(parsed.error(), Not(HasSubstr("geheim")));
  }
}

} // namespace
} // namespace wheelwork
