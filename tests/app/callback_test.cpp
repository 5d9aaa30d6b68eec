// Callbacks of a whole node: a slow host delays no other, networks are denied and allowed without a restart, and what
// waited over a restart starts in its order.
#include "tests/app/node_process.hpp"
#include "tests/targets/test_server.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace wheelwork::app_test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

json call(const std::string& url) { return {{"http", {{"url", url}, {"method", "POST"}}}}; }

class callbacks : public testing::Test {
protected:
  temporary_folder folder;
  node_process node{folder.path()};
};

TEST_F(callbacks, to_a_host_that_never_answers_take_its_places_and_no_others) {
  std::atomic<int> open{0}, most{0};
  target_test::test_server slow{[&](target_test::test_connection& connection) {
    most = std::max<int>(most, ++open);
    connection.wait_for_close();
    --open;
  }};
  target_test::recording_server quick{target_test::always(200)};
  node.configure("[http_target]\nconcurrency = 50\nper_host = 10\n");
  node.start();
  std::string lines;
  for (int each = 0; each < 200; ++each) lines += json{{"target", call(slow.url())}, {"timeout", "1h"}}.dump() + "\n";
  for (int each = 0; each < 200; ++each)
    lines += json{{"target", call(quick.url())}, {"labels", {{"to", "quick"}}}}.dump() + "\n";
  const auto pushed = node.request("POST", "/api/v1/jobs/batch", lines, {"Content-Type: application/x-ndjson"});
  ASSERT_EQ(pushed.status, 201) << pushed.body;
  EXPECT_TRUE(node.eventually([&] { return quick.requests().size() == 200; })) << node.get("/api/v1/stats").dump();
  EXPECT_TRUE(node.eventually([&] { return open == 10; }));
  EXPECT_EQ(most, 10) << "per_host";
  EXPECT_TRUE(node.eventually(
      [&] { return node.get("/api/v1/jobs?state=succeeded&label=to:quick&limit=1000")["items"].size() == 200; }));
  const auto cancelled = node.request("POST", "/api/v1/jobs/cancel", "{}");
  EXPECT_EQ(cancelled.json()["count"], 200) << cancelled.body;
}

TEST_F(callbacks, into_a_denied_network_are_refused_from_the_first_one_on_and_allowed_after_a_reload) {
  target_test::recording_server receiver{target_test::always(200)};
  node.configure("[http_target]\ndeny_networks = [\"127.0.0.0/8\"]\n");
  node.start();
  const json job{{"target", call(receiver.url())}, {"retry", {{"limit", 0}}}};
  const auto refused = node.final_job(node.push(job));
  EXPECT_EQ(refused["state"], "dead");
  EXPECT_THAT(refused["attempts"][0]["error"].get<std::string>(), HasSubstr("http_target.deny_networks"));
  EXPECT_EQ(receiver.connections(), 0u);
  node.configure("[http_target]\ndeny_networks = [\"127.0.0.0/8\"]\nallow_networks = [\"127.0.0.1\"]\n");
  node.send_signal(SIGHUP);
  EXPECT_TRUE(node.eventually([&] { return node.final_job(node.push(job))["state"] == "succeeded"; })) << node.log();
}

TEST_F(callbacks, that_waited_while_the_node_was_away_start_soon_and_by_priority) {
  target_test::recording_server receiver{target_test::always(200)};
  node.configure("[http_target]\nconcurrency = 1\n");
  node.start();
  std::string lines;
  for (int each = 0; each < 3000; ++each)
    lines += json{{"target", call(receiver.url())}, {"payload", each % 3}, {"priority", each % 3 * 4}, {"delay", "2s"}}
                 .dump() +
             "\n";
  ASSERT_EQ(node.request("POST", "/api/v1/jobs/batch", lines, {"Content-Type: application/x-ndjson"}).status, 201);
  node.kill();
  EXPECT_EQ(receiver.requests().size(), 0u) << "they are not due yet";
  const auto due = std::chrono::steady_clock::now() + seconds{3};
  while (std::chrono::steady_clock::now() < due) std::this_thread::yield();
  const auto begin = std::chrono::steady_clock::now();
  node.start();
  ASSERT_TRUE(node.eventually([&] { return !receiver.requests().empty(); }));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds{5});
  ASSERT_TRUE(node.eventually([&] { return receiver.requests().size() == 3000; }, seconds{90}));
  const auto requests = receiver.requests();
  size_t out_of_order = 0;
  for (size_t each = 1; each < requests.size(); ++each) out_of_order += requests[each].body > requests[each - 1].body;
  EXPECT_LE(out_of_order, 2u) << "but for those that came before all were loaded";
}

} // namespace
} // namespace wheelwork::app_test
