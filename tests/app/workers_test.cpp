// Workers of a real node: they join, leave, die and lie, and the node is killed under them.
#include "tests/app/node_process.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <stop_token>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace wheelwork::app_test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::HasSubstr;

json worker_job(const std::string& queue, json with = json::object()) {
  with["target"] = {{"worker", {{"queue", queue}}}};
  return with;
}

json poll_body(const std::string& worker, size_t max, const std::string& wait, const std::string& lease) {
  return {{"queues", {"mail"}}, {"worker", worker}, {"max", max}, {"wait", wait}, {"lease", lease}};
}

json ack_of(const json& job) { return {{"id", job["id"]}, {"attempt", job["attempt"]}, {"outcome", "succeeded"}}; }

/// A connection that asks for jobs and need not wait for the answer.
class raw_poll {
public:
  raw_poll(int port, const json& body) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(port));
    const auto text = body.dump();
    const auto request = "POST /api/v1/workers/poll HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                         "Content-Length: " +
                         std::to_string(text.size()) + "\r\n\r\n" + text;
    open_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
            ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
  }
  raw_poll(const raw_poll&) = delete;
  raw_poll& operator=(const raw_poll&) = delete;
  ~raw_poll() { ::close(socket_); }

  bool is_open() const { return open_; }
  bool is_answered_within(milliseconds patience) const {
    pollfd waiting{socket_, POLLIN, 0};
    return ::poll(&waiting, 1, static_cast<int>(patience.count())) > 0;
  }
  /// The jobs of the answer.
  json jobs() const {
    std::string received;
    char bytes[65536];
    for (;;) {
      const auto head = received.find("\r\n\r\n");
      if (head != received.npos) {
        auto body = json::parse(received.substr(head + 4), nullptr, false);
        if (!body.is_discarded()) return body["jobs"];
      }
      if (!is_answered_within(milliseconds{30'000})) return nullptr;
      const auto size = ::recv(socket_, bytes, sizeof bytes, 0);
      if (size <= 0) return nullptr;
      received.append(bytes, static_cast<size_t>(size));
    }
  }

private:
  int socket_;
  bool open_ = false;
};

/// Workers of all kinds, and the books of what the node promised them.
class workforce {
public:
  explicit workforce(const node_process& node) : node_{node} {}

  void hire(size_t honest, size_t leaving, size_t silent) {
    for (size_t each = 0; each < honest; ++each)
      threads_.emplace_back([this, each](std::stop_token stop) { work("honest-" + std::to_string(each), stop); });
    for (size_t each = 0; each < leaving; ++each)
      threads_.emplace_back([this, each](std::stop_token stop) { leave(each, stop); });
    for (size_t each = 0; each < silent; ++each)
      threads_.emplace_back([this](std::stop_token stop) { keep_silent(stop); });
  }
  void dismiss() { threads_.clear(); }

  /// Attempts by job whose acknowledgement was answered with 200.
  std::map<std::string, std::set<int>> acknowledged() const {
    const std::lock_guard lock{mutex_};
    return acknowledged_;
  }
  std::vector<std::string> surprises() const {
    const std::lock_guard lock{mutex_};
    return surprises_;
  }

private:
  http_answer ask(const std::string& path, const json& body) const {
    return node_.request("POST", "/api/v1/workers/" + path, body.dump());
  }
  void note(std::string surprise) {
    const std::lock_guard lock{mutex_};
    surprises_.push_back(std::move(surprise));
  }

  void work(const std::string& name, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto got = ask("poll", poll_body(name, 5, "200ms", "5s"));
      if (got.status == 0 || got.status == 503) continue;
      if (got.status != 200) {
        note("poll: " + std::to_string(got.status) + " " + got.body);
        continue;
      }
      const auto answer = got.json();
      for (const auto& job : answer["jobs"]) acknowledge(job, stop);
    }
  }
  /// Until the node has heard it.
  void acknowledge(const json& job, const std::stop_token& stop) {
    for (;;) {
      const auto heard = ask("ack", ack_of(job));
      if (heard.status == 200) {
        const std::lock_guard lock{mutex_};
        acknowledged_[job["id"]].insert(job["attempt"].get<int>());
        return;
      }
      if (heard.status == 409 || stop.stop_requested()) return;
      if (heard.status != 0 && heard.status != 503) return note("ack: " + std::to_string(heard.status) + heard.body);
    }
  }
  void leave(size_t seed, const std::stop_token& stop) {
    std::mt19937 random{static_cast<std::mt19937::result_type>(seed)};
    while (!stop.stop_requested()) {
      const raw_poll poll{node_.port(), poll_body("leaving", 3, "10s", "300ms")};
      poll.is_answered_within(milliseconds{std::uniform_int_distribution<int>{0, 20}(random)});
    }
  }
  void keep_silent(const std::stop_token& stop) {
    while (!stop.stop_requested()) ask("poll", poll_body("silent", 1, "500ms", "300ms"));
  }

  const node_process& node_;
  mutable std::mutex mutex_;
  std::map<std::string, std::set<int>> acknowledged_;
  std::vector<std::string> surprises_;
  std::vector<std::jthread> threads_;
};

class workers : public testing::Test {
protected:
  temporary_folder folder;
  node_process node{folder.path()};

  http_answer post(const std::string& path, const json& body) const {
    return node.request("POST", "/api/v1/" + path, body.dump());
  }
  json poll(size_t max = 1, const std::string& wait = "30s", const std::string& lease = "30s") const {
    return post("workers/poll", poll_body("host-1", max, wait, lease)).json()["jobs"];
  }
  json job(const std::string& id) const { return node.get("/api/v1/jobs/" + id); }
  double metric(const std::string& name) const {
    const auto all = "\n" + node.request("GET", "/metrics").body;
    const auto at = all.find("\n" + name + " ");
    return at == all.npos ? -1 : std::stod(all.substr(at + name.size() + 2));
  }
  std::vector<std::string> push_many(size_t count, const json& with) const {
    json jobs = json::array();
    for (size_t each = 0; each < count; ++each) jobs.push_back(worker_job("mail", with));
    return post("jobs/batch", {{"jobs", jobs}}).json().at("ids");
  }
  size_t threads_of_node() const {
    std::ifstream status{"/proc/" + std::to_string(node.pid()) + "/status"};
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("Threads:")) return std::stoul(line.substr(8));
    return 0;
  }
};

TEST_F(workers, take_a_job_work_on_it_and_acknowledge_it) {
  node.start();
  const auto id = node.push(worker_job("mail", {{"payload", {{"to", "a@b"}}}}));
  EXPECT_EQ(job(id)["state"], "pending");
  const auto got = poll();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]["id"], id);
  EXPECT_EQ(got[0]["attempt"], 1);
  EXPECT_EQ(got[0]["payload"]["to"], "a@b");
  EXPECT_EQ(job(id)["state"], "running");
  EXPECT_EQ(poll(10, "0s").size(), 0u) << "one worker only";
  EXPECT_EQ(metric("wheelwork_worker_leases"), 1);
  const json name{{"id", id}, {"attempt", 1}};
  EXPECT_EQ(post("workers/heartbeat", name).json()["lease"], "30s");
  auto ack = ack_of(got[0]);
  ack["result"] = {{"sent", true}};
  EXPECT_EQ(post("workers/ack", ack).status, 200);
  EXPECT_EQ(post("workers/ack", ack).status, 200) << "the same again";
  const auto done = job(id);
  EXPECT_EQ(done["state"], "succeeded") << "an acknowledgement is answered after its commit";
  EXPECT_EQ(done["attempts"][0]["response"]["sent"], true);
  EXPECT_EQ(post("workers/heartbeat", name).status, 409);
  ack["outcome"] = "failed";
  EXPECT_EQ(post("workers/ack", ack).status, 409);
  EXPECT_EQ(node.terminate(), 0) << node.log();
}

TEST_F(workers, may_acknowledge_while_the_node_stops_and_get_nothing_new) {
  node.start();
  const auto id = node.push(worker_job("mail", {{"timeout", "10m"}}));
  node.push(worker_job("mail"));
  const auto got = poll(1, "30s");
  ASSERT_EQ(got.size(), 1u);
  node.send_signal(SIGTERM);
  ASSERT_TRUE(node.eventually([&] { return post("workers/poll", poll_body("host-1", 1, "0s", "30s")).status == 503; }));
  EXPECT_EQ(node.request("POST", "/api/v1/jobs", worker_job("mail").dump()).status, 503);
  EXPECT_EQ(post("workers/heartbeat", {{"id", id}, {"attempt", 1}}).status, 200);
  EXPECT_EQ(job(id)["state"], "running");
  EXPECT_EQ(post("workers/ack", ack_of(got[0])).status, 200);
  EXPECT_EQ(node.wait_for_end(), 0) << node.log();
  node.start();
  EXPECT_EQ(job(id)["state"], "succeeded");
  EXPECT_EQ(job(id)["attempts"].size(), 1u);
}

TEST_F(workers, that_come_late_get_409_and_change_nothing) {
  node.start();
  const auto id = node.push(worker_job("mail", {{"retry", {{"delays", {"0s"}}}}}));
  const auto first = poll(1, "30s", "100ms");
  ASSERT_EQ(first.size(), 1u);
  const auto second = poll(1, "30s");
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0]["attempt"], 2);
  const auto late = post("workers/ack", ack_of(first[0]));
  EXPECT_EQ(late.status, 409);
  EXPECT_THAT(late.body, HasSubstr("lease"));
  EXPECT_EQ(post("workers/ack", ack_of(second[0])).status, 200);
  const auto done = node.final_job(id);
  EXPECT_EQ(done["state"], "succeeded") << done.dump();
  EXPECT_TRUE(node.eventually([&] { return job(id)["attempts"][0]["outcome"] == "late"; })) << job(id).dump();
  EXPECT_THAT(job(id)["attempts"][0]["error"].get<std::string>(), HasSubstr("host-1"));
  EXPECT_EQ(job(id)["state"], "succeeded");
}

TEST_F(workers, of_a_killed_node_get_409_and_the_job_runs_again) {
  node.start();
  const auto id = node.push(worker_job("mail", {{"retry", {{"limit", 0}}}}));
  const auto first = poll();
  ASSERT_EQ(first.size(), 1u);
  node.kill();
  node.start();
  EXPECT_EQ(post("workers/ack", ack_of(first[0])).status, 409);
  const auto second = poll();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0]["id"], id);
  EXPECT_EQ(second[0]["attempt"], 2);
  EXPECT_EQ(post("workers/ack", ack_of(second[0])).status, 200);
  node.kill();
  node.start();
  EXPECT_EQ(post("workers/ack", ack_of(second[0])).status, 200) << "what was promised before the crash is remembered";
  EXPECT_EQ(job(id)["state"], "succeeded");
}

TEST_F(workers, that_join_and_leave_and_lie_under_a_node_that_is_killed_lose_no_job) {
  constexpr size_t rounds = 10, jobs_in_round = 60;
  std::mt19937 random{std::random_device{}()};
  node.start();
  workforce all{node};
  std::vector<std::string> ids;
  const json retry{{"retry", {{"limit", 1000}, {"initial", "10ms"}, {"max", "50ms"}}}};
  for (size_t round = 0; round < rounds; ++round) {
    for (auto& id : push_many(jobs_in_round, retry)) ids.push_back(std::move(id));
    all.hire(2, 2, 1);
    const bool alive = node.runs_on_for(milliseconds{std::uniform_int_distribution<int>{0, 400}(random)});
    node.kill();
    all.dismiss();
    ASSERT_TRUE(alive) << node.log();
    node.start();
  }
  all.hire(4, 0, 0);
  for (const auto& id : ids) EXPECT_EQ(node.final_job(id)["state"], "succeeded") << job(id).dump();
  all.dismiss();
  const auto books = all.acknowledged();
  for (const auto& id : ids) {
    const auto found = books.find(id);
    if (found == books.end()) continue; // the node was killed before it could answer
    EXPECT_EQ(found->second, (std::set<int>{job(id)["attempt"].get<int>()})) << job(id).dump();
  }
  EXPECT_GT(books.size(), ids.size() / 2);
  EXPECT_THAT(all.surprises(), testing::IsEmpty());
}

TEST_F(workers, a_thousand_of_them_may_wait_at_once_without_a_thread_each) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_cur < 4096) GTEST_SKIP() << "only " << files.rlim_cur << " files may be open here; it needs 4,096";
  constexpr size_t count = 1000;
  node.start();
  const auto threads = threads_of_node();
  std::vector<std::unique_ptr<raw_poll>> polls;
  for (size_t each = 0; each < count; ++each) {
    polls.push_back(std::make_unique<raw_poll>(node.port(), poll_body("host-1", 1, "5m", "30s")));
    ASSERT_TRUE(polls.back()->is_open());
  }
  ASSERT_TRUE(node.eventually([&] { return metric("wheelwork_worker_polls_waiting") == count; }));
  EXPECT_EQ(threads_of_node(), threads);
  const auto pushed = push_many(count, json::object());
  std::set<std::string> taken;
  for (const auto& each : polls) {
    const auto jobs = each->jobs();
    ASSERT_EQ(jobs.size(), 1u);
    taken.insert(jobs[0]["id"].get<std::string>());
  }
  EXPECT_EQ(taken, (std::set<std::string>{pushed.begin(), pushed.end()}));
  EXPECT_EQ(metric("wheelwork_worker_leases"), count);
  polls.clear();
  for (size_t each = 0; each < count; ++each)
    polls.push_back(std::make_unique<raw_poll>(node.port(), poll_body("host-1", 1, "5m", "30s")));
  ASSERT_TRUE(node.eventually([&] { return metric("wheelwork_worker_polls_waiting") == count; }));
  polls.clear();
  EXPECT_TRUE(node.eventually([&] { return metric("wheelwork_worker_polls_waiting") == 0; }))
      << "polls of workers that left";
}

} // namespace
} // namespace wheelwork::app_test
