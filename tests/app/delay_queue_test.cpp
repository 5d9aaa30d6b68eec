// Clients of the delay_queue service and a real node: what they save or push is called at its time, tried again as
// their table says, and neither lost nor doubled when the node is killed.
#include "api/http_message.hpp"
#include "tests/app/node_process.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/targets/test_server.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <random>
#include <regex>
#include <set>
#include <thread>

namespace wheelwork::app_test {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using target_test::received_request;
using target_test::test_connection;
using ::testing::HasSubstr;

constexpr auto ok = R"({"code":"ok","data":"操作成功"})";

unsigned long number_from(const char* variable, unsigned long otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoul(text, nullptr, 10) : otherwise;
}

int64_t seconds_now() {
  return std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class delay_queue : public testing::Test {
protected:
  void SetUp() override {
    if (!redis_server::missing().empty()) GTEST_SKIP() << redis_server::missing();
    redis = std::make_unique<redis_server>(redis_server_options{.settings = {"appendonly yes", "appendfsync always"}});
    node = std::make_unique<node_process>(folder.path());
  }
  void start(const std::string& more = "") {
    node->configure("[redis.a]\nurl = \"" + redis->url() +
                    "\"\n[front.delay_queue]\nlisten = \"127.0.0.1:0\"\nredis = \"a\"\n" + more);
    node->start();
    front = front_url();
  }
  std::string front_url() const {
    static const std::regex line{R"(delay_queue front listens on (http://127\.0\.0\.1:\d+))"};
    std::string log;
    std::smatch found;
    const bool listens = node->eventually([&] { // shortly after the node answers
      log = node->log();
      return std::regex_search(log, found, line);
    });
    if (!listens) throw std::runtime_error{"the front does not listen: " + log};
    return found[1];
  }
  http_answer save(const std::map<std::string, std::string>& fields) const {
    std::string form;
    for (const auto& [name, value] : fields)
      form.append(form.empty() ? "" : "&").append(name).append("=").append(percent_encode(value));
    return http_request("POST", front + "/api/task/save", form, {"Content-Type: application/x-www-form-urlencoded"});
  }
  void push(const json& entry) const { redis->run({"RPUSH", "delay_queue_task", entry.dump()}); }
  json jobs(const std::string& more = "") const {
    return node->get("/api/v1/jobs?label=front:delay_queue&limit=1000" + more)["items"];
  }
  json intake() const { return node->get("/api/v1/pools/front.delay_queue"); }

  temporary_folder folder;
  std::unique_ptr<redis_server> redis;
  std::unique_ptr<node_process> node;
  std::string front;
};

/// Answers each target's calls with what was written for them in turn, the last one for ever, and keeps when they came.
class scripted_receiver {
public:
  using call = std::pair<std::chrono::system_clock::time_point, received_request>;
  explicit scripted_receiver(std::vector<std::pair<int, std::string>> answers)
      : answers_{std::move(answers)}, server_{[this](test_connection& connection) {
          while (auto request = connection.read()) {
            const auto& [status, body] = next(*request);
            connection.answer(status, body, "Content-Type: application/json\r\n");
          }
        }} {}
  std::string url(const std::string& path) const { return server_.url(path); }
  std::vector<call> calls(const std::string& path) const {
    const std::lock_guard lock{mutex_};
    const auto found = calls_.find(path);
    return found == calls_.end() ? std::vector<call>{} : found->second;
  }
  std::vector<milliseconds> gaps(const std::string& path) const {
    const auto all = calls(path);
    std::vector<milliseconds> between;
    for (size_t each = 1; each < all.size(); ++each)
      between.push_back(std::chrono::duration_cast<milliseconds>(all[each].first - all[each - 1].first));
    return between;
  }

private:
  const std::pair<int, std::string>& next(const received_request& request) {
    const std::lock_guard lock{mutex_};
    auto& known = calls_[request.target];
    known.emplace_back(std::chrono::system_clock::now(), request);
    return answers_.at(std::min(known.size(), answers_.size()) - 1);
  }

  const std::vector<std::pair<int, std::string>> answers_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<call>> calls_;
  target_test::test_server server_;
};

/// As seen by the receiver, which a call may reach a moment later than the one before it did.
void expect_gaps(const std::vector<milliseconds>& gaps, const std::vector<seconds>& wanted) {
  ASSERT_EQ(gaps.size(), wanted.size());
  for (size_t each = 0; each < gaps.size(); ++each) {
    EXPECT_GT(gaps[each], wanted[each] - milliseconds{200}) << each;
    EXPECT_LT(gaps[each], wanted[each] + milliseconds{900}) << each;
  }
}

TEST_F(delay_queue, calls_at_the_time_and_again_as_the_shipped_table_says) {
  scripted_receiver receiver{{{200, R"({"success":false})"}, {500, "{}"}, {200, R"({"success":true})"}}};
  start();
  const auto due = seconds_now() + 2;
  const auto saved = save({{"notify_url", receiver.url("/saved")}, {"plan_time", std::to_string(due)}});
  EXPECT_EQ(saved.status, 200);
  EXPECT_EQ(saved.body, ok);
  push({{"notify_url", receiver.url("/pushed")}, {"plan_time", due}, {"method_name", ""}, {"notify_param", ""}});
  for (const auto* path : {"/saved", "/pushed"}) {
    ASSERT_TRUE(node->eventually([&] { return receiver.calls(path).size() == 3; })) << path << node->log();
    const auto first = receiver.calls(path).front();
    EXPECT_GE(first.first, std::chrono::system_clock::time_point{seconds{due}}) << path;
    EXPECT_LT(first.first, std::chrono::system_clock::time_point{seconds{due} + milliseconds{900}}) << path;
    EXPECT_EQ(first.second.method, "GET");
    expect_gaps(receiver.gaps(path), {seconds{5}, seconds{15}});
  }
  ASSERT_TRUE(node->eventually([&] { return jobs("&state=succeeded").size() == 2; })) << jobs().dump();
  const auto job = node->get("/api/v1/jobs/" + jobs()[0]["id"].get<std::string>());
  EXPECT_EQ(job["attempts"].size(), 3u);
  EXPECT_EQ(job["attempts"][0]["response"]["status"], 200);
  EXPECT_THAT(job["attempts"][0]["response"].dump(), HasSubstr("success"));
}

TEST_F(delay_queue, gives_up_after_its_retries_and_waits_the_default_where_the_table_ends) {
  scripted_receiver receiver{{{500, ""}}};
  start("retry_time_config = \"[1_1,2_1]\"\nmax_retry_num = 4\nretry_default_time = 2\n");
  save({{"notify_url", receiver.url("/never")}, {"plan_time", std::to_string(seconds_now() + 1)}});
  ASSERT_TRUE(node->eventually([&] { return jobs("&state=dead").size() == 1; })) << jobs().dump();
  expect_gaps(receiver.gaps("/never"), {seconds{1}, seconds{1}, seconds{2}, seconds{2}});
}

TEST_F(delay_queue, sends_parameters_and_urls_as_they_are) {
  scripted_receiver receiver{{{200, R"({"success":true})"}}};
  start("time_interval = 0\n");
  const std::string odd = "a=1&a=2&b=%E4%B8%AD", large(64u << 10, 'p');
  const auto long_path = "/" + std::string(2000 - receiver.url("/").size(), 'u');
  EXPECT_EQ(
      save({{"notify_url", receiver.url("/odd")}, {"plan_time", "0"}, {"method_name", "POST"}, {"notify_param", odd}})
          .body,
      ok);
  EXPECT_EQ(save({{"notify_url", receiver.url("/large")},
                  {"plan_time", "0"},
                  {"method_name", "post"},
                  {"notify_param", large}})
                .body,
            ok);
  push({{"notify_url", receiver.url("/list")},
        {"plan_time", "2020-06-28T04:05:27Z"},
        {"method_name", "post"},
        {"notify_param", odd}});
  EXPECT_EQ(save({{"notify_url", receiver.url(long_path)}, {"plan_time", "0"}}).body, ok);
  for (const auto& [path, body] :
       std::map<std::string, std::string>{{"/odd", odd}, {"/large", large}, {"/list", odd}, {long_path, ""}}) {
    ASSERT_TRUE(node->eventually([&] { return receiver.calls(path).size() == 1; })) << path.substr(0, 20);
    const auto request = receiver.calls(path)[0].second;
    EXPECT_EQ(request.body, body) << path.substr(0, 20);
    EXPECT_EQ(request.header("content-type"), body.empty() ? "(none)" : "application/x-www-form-urlencoded");
  }
}

TEST_F(delay_queue, puts_entries_that_cannot_be_read_aside_and_goes_on) {
  scripted_receiver receiver{{{200, R"({"success":true})"}}};
  start("time_interval = 0\n");
  const std::vector<std::string> bad{"no json",
                                     "\xff\xfe",
                                     "[]",
                                     R"({"notify_url":"http://a/"})",
                                     R"({"notify_url":"file:///etc/passwd","plan_time":1})",
                                     R"({"notify_url":"http://a/","plan_time":1,"method_name":"PUT"})"};
  for (const auto& entry : bad) redis->run({"RPUSH", "delay_queue_task", entry});
  push({{"notify_url", receiver.url("/good")}, {"plan_time", 1}});
  ASSERT_TRUE(node->eventually([&] { return receiver.calls("/good").size() == 1; })) << intake().dump();
  ASSERT_TRUE(node->eventually([&] {
    return redis->run({"LLEN", "delay_queue_task:dead"}) == std::to_string(bad.size());
  }));
  for (const auto& text : redis->list({"LRANGE", "delay_queue_task:dead", "0", "-1"})) {
    const auto letter = json::parse(text);
    EXPECT_EQ(letter["reason"], "unreadable") << text;
    EXPECT_FALSE(letter["error"].get<std::string>().empty()) << text;
  }
  EXPECT_EQ(redis->run({"EXISTS", "delay_queue_task"}), "0");
}

TEST_F(delay_queue, goes_on_over_http_while_the_list_is_wrong_or_redis_is_away) {
  scripted_receiver receiver{{{200, R"({"success":true})"}}};
  redis->run({"SET", "delay_queue_task", "text"});
  start("time_interval = 0\n");
  const auto saved = [&](const std::string& path) {
    EXPECT_EQ(save({{"notify_url", receiver.url(path)}, {"plan_time", "0"}}).body, ok);
    return node->eventually([&] { return receiver.calls(path).size() == 1; });
  };
  EXPECT_TRUE(saved("/1"));
  ASSERT_TRUE(node->eventually([&] { return intake()["failure"].is_string(); })) << intake().dump();
  EXPECT_THAT(intake()["failure"].get<std::string>(), HasSubstr("holds no list"));
  redis->run({"DEL", "delay_queue_task"});
  push({{"notify_url", receiver.url("/2")}, {"plan_time", 1}});
  EXPECT_TRUE(node->eventually([&] { return receiver.calls("/2").size() == 1; })) << intake().dump();
  redis->crash();
  EXPECT_TRUE(saved("/3"));
  ASSERT_TRUE(node->eventually([&] { return intake()["failure"].is_string(); }));
  redis->start();
  push({{"notify_url", receiver.url("/4")}, {"plan_time", 1}});
  EXPECT_TRUE(node->eventually([&] { return receiver.calls("/4").size() == 1; })) << intake().dump();
}

TEST_F(delay_queue, keeps_its_pool_to_itself) {
  start();
  EXPECT_EQ(node->request("DELETE", "/api/v1/pools/front.delay_queue").status, 409);
  EXPECT_EQ(node->request("PATCH", "/api/v1/pools/front.delay_queue", R"({"max":5})").status, 409);
  node->kill();
  node->configure(""); // without the front nothing reads the list any more
  node->start();
  EXPECT_EQ(node->request("GET", "/api/v1/pools/front.delay_queue").status, 404);
}

TEST_F(delay_queue, loses_and_doubles_nothing_when_the_node_is_killed) {
  const auto tasks = number_from("WHEELWORK_DELAY_QUEUE_TASKS", 3000);
  const auto kills = number_from("WHEELWORK_DELAY_QUEUE_KILLS", 6);
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> jobs_of; // by path
  target_test::test_server receiver{[&](test_connection& connection) {
    while (auto request = connection.read()) {
      {
        const std::lock_guard lock{mutex};
        jobs_of[request->target].insert(request->header("wheelwork-job-id"));
      }
      connection.answer(200, R"({"success":true})");
    }
  }};
  start("time_interval = 0\n");
  std::vector<std::string> saved;
  std::atomic<bool> done{false};
  std::mutex front_mutex;
  std::thread client{[&] {
    for (unsigned long each = 0; each < tasks; ++each) {
      const auto path = "/saved/" + std::to_string(each);
      std::string here;
      {
        const std::lock_guard lock{front_mutex};
        here = front;
      }
      const auto answer =
          http_request("POST", here + "/api/task/save", "plan_time=0&notify_url=" + percent_encode(receiver.url(path)),
                       {"Content-Type: application/x-www-form-urlencoded"});
      if (answer.body == ok) saved.push_back(path);
      redis->run({"RPUSH", "delay_queue_task",
                  json{{"notify_url", receiver.url("/pushed/" + std::to_string(each))}, {"plan_time", 1}}.dump()});
    }
    done = true;
  }};
  std::mt19937 random{std::random_device{}()};
  for (unsigned long kill = 0; kill < kills; ++kill) {
    node->runs_on_for(milliseconds{std::uniform_int_distribution<int>{50, 900}(random)});
    node->kill();
    node->start();
    const std::lock_guard lock{front_mutex};
    front = front_url();
  }
  client.join();
  EXPECT_GT(saved.size(), 0u);
  const auto reached = [&](const std::string& path) {
    const std::lock_guard lock{mutex};
    return jobs_of.contains(path);
  };
  for (const auto& path : saved) ASSERT_TRUE(node->eventually([&] { return reached(path); })) << path;
  for (unsigned long each = 0; each < tasks; ++each)
    ASSERT_TRUE(node->eventually([&] { return reached("/pushed/" + std::to_string(each)); }))
        << each << intake().dump();
  const std::lock_guard lock{mutex};
  for (const auto& [path, ids] : jobs_of) EXPECT_EQ(ids.size(), 1u) << path << " became more than one job";
  EXPECT_EQ(redis->run({"EXISTS", "delay_queue_task"}), "0");
  EXPECT_EQ(redis->run({"EXISTS", "delay_queue_task:dead"}), "0");
}

} // namespace

} // namespace wheelwork::app_test
