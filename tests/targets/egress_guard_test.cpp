#include "targets/egress_guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wheelwork {
namespace {

using ::testing::HasSubstr;

std::vector<network> networks(std::initializer_list<const char*> texts) {
  std::vector<network> parsed;
  for (const char* text : texts) parsed.push_back(parse_network(text).value());
  return parsed;
}

bool refused(const egress_guard& guard, const char* address) {
  return guard.refusal(parse_address(address).value()).has_value();
}

TEST(egress_guard, networks_are_read_and_written) {
  EXPECT_EQ(to_string(parse_network("10.0.0.0/8").value()), "10.0.0.0/8");
  EXPECT_EQ(to_string(parse_network("fe80::/10").value()), "fe80::/10");
  EXPECT_EQ(to_string(parse_network("192.0.2.7").value()), "192.0.2.7/32");
  EXPECT_EQ(to_string(parse_network("::1").value()), "::1/128");
  EXPECT_EQ(to_string(parse_network("::ffff:10.0.0.0/104").value()), "10.0.0.0/8");
  EXPECT_EQ(to_string(parse_network("::/0").value()), "::/0");
}

TEST(egress_guard, bad_networks_say_what_would_be_right) {
  EXPECT_THAT(parse_network("10.0.0.1/8").error(), HasSubstr("10.0.0.0/8"));
  EXPECT_THAT(parse_network("10.0.0.0/33").error(), HasSubstr("0 to 32"));
  EXPECT_THAT(parse_network("fe80::/129").error(), HasSubstr("0 to 128"));
  for (const char* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1", "10.0.0/8", "localhost", "127.1", "10.0.0.0/8/8"})
    EXPECT_FALSE(parse_network(text)) << text;
}

TEST(egress_guard, prefixes_that_end_inside_a_byte) {
  const egress_guard guard{networks({"172.16.0.0/12", "fe80::/10"}), {}};
  EXPECT_TRUE(refused(guard, "172.31.255.255"));
  EXPECT_FALSE(refused(guard, "172.32.0.0"));
  EXPECT_FALSE(refused(guard, "172.15.255.255"));
  EXPECT_TRUE(refused(guard, "febf::1"));
  EXPECT_FALSE(refused(guard, "fec0::1"));
}

TEST(egress_guard, exceptions_win_over_denied_networks) {
  const egress_guard guard{networks({"10.0.0.0/8"}), networks({"10.1.0.0/16"})};
  EXPECT_TRUE(refused(guard, "10.2.0.1"));
  EXPECT_FALSE(refused(guard, "10.1.0.1"));
  EXPECT_FALSE(refused(guard, "192.0.2.1"));
}

TEST(egress_guard, other_ways_to_the_same_address) {
  const egress_guard guard{networks({"169.254.0.0/16", "127.0.0.0/8"}), {}};
  EXPECT_TRUE(refused(guard, "::ffff:169.254.169.254"));
  EXPECT_TRUE(refused(guard, "64:ff9b::169.254.169.254"));
  EXPECT_TRUE(refused(guard, "2002:a9fe:a9fe::1"));
  EXPECT_TRUE(refused(guard, "0.0.0.0"));
  EXPECT_TRUE(refused(guard, "::"));
  EXPECT_FALSE(refused(guard, "::1"));
  EXPECT_TRUE(refused(egress_guard{networks({"::1"}), {}}, "::"));
}

TEST(egress_guard, the_whole_of_ipv6_holds_ipv4) {
  EXPECT_TRUE(refused(egress_guard{networks({"::/0"}), {}}, "192.0.2.1"));
  const egress_guard only_ipv4{networks({"0.0.0.0/0"}), {}};
  EXPECT_TRUE(refused(only_ipv4, "192.0.2.1"));
  EXPECT_FALSE(refused(only_ipv4, "2001:db8::1"));
}

TEST(egress_guard, the_reason_names_address_network_and_setting) {
  const auto reason = egress_guard{networks({"127.0.0.0/8"}), {}}.refusal(parse_address("127.0.0.1").value()).value();
  EXPECT_THAT(reason, HasSubstr("127.0.0.1 "));
  EXPECT_THAT(reason, HasSubstr("127.0.0.0/8"));
  EXPECT_THAT(reason, HasSubstr("http_target.deny_networks"));
}

} // namespace
} // namespace wheelwork
