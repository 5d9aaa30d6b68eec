// kill -9 at random moments, again and again, and then the books: what was accepted against what ran.
#include "schedule/time_text.hpp"
#include "tests/app/node_process.hpp"
#include "tests/targets/test_server.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <utility>

namespace wheelwork::app_test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using target_test::received_request;
using target_test::recording_server;
using target_test::test_connection;

/// From the environment, to look longer or at one bad run again.
unsigned long setting(const char* name, unsigned long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoul(text, nullptr, 10) : otherwise;
}

/// What the pusher asked for and what it was told.
struct pushed {
  json body;
  std::string id; ///< empty: no answer yet
};

/// Pushes one job after the other, each with its own idempotency key, until the node is gone. What got no answer is
/// pushed again, with its key.
class persistent_pusher {
public:
  explicit persistent_pusher(std::string callback_url, std::string effects_folder)
      : callback_url_{std::move(callback_url)}, effects_folder_{std::move(effects_folder)} {}

  /// Returns when the node no longer answers, or after `most` new jobs.
  void run(const node_process& node, size_t most) {
    for (auto& [key, job] : jobs_)
      if (job.id.empty() && !push(node, key, job)) return;
    for (size_t i = 0; i < most; ++i) {
      const auto key = "job-" + std::to_string(jobs_.size());
      auto& job = jobs_[key];
      job.body = next_body(jobs_.size());
      if (!push(node, key, job)) return;
    }
  }

  const std::map<std::string, pushed>& jobs() const { return jobs_; }
  /// Jobs that were seen succeeded while crashes went on: their outcome was committed, so nothing may change them.
  const std::map<std::string, json>& ended() const { return ended_; }
  const std::vector<std::string>& refusals() const { return refusals_; }

private:
  json next_body(size_t number) const {
    switch (number % 8) {
    case 0: return {{"target", {{"native", {{"handler", "noop"}}}}}};
    case 1:
      return {{"target", {{"native", {{"handler", "fail"}}}}},
              {"payload", {{"times", 1}}},
              {"retry", {{"delays", {"50ms"}}}}};
    // mkdir fails if it is done twice, and nothing retries it.
    case 2:
      return {{"target", {{"process", {{"command", {"/bin/mkdir", "{job_id}"}}, {"cwd", effects_folder_}}}}},
              {"retry", {{"limit", 0}}}};
    case 3: return callback({{"delay", "300ms"}});
    default: return callback({});
    }
  }

  json callback(json with) const {
    with["target"] = {{"http", {{"url", callback_url_}, {"method", "POST"}}}};
    return with;
  }

  bool push(const node_process& node, const std::string& key, pushed& job) {
    const auto answer = node.request("POST", "/api/v1/jobs", job.body.dump(), {"Idempotency-Key: " + key});
    if (answer.status == 0) return false;
    if (answer.status == 200 || answer.status == 201) {
      look_again(node, last_id_);
      last_id_ = job.id = answer.json().at("id");
    } else if (answer.status != 503)
      refusals_.push_back(key + ": " + std::to_string(answer.status) + " " + answer.body);
    return true;
  }

  void look_again(const node_process& node, const std::string& id) {
    if (id.empty()) return;
    auto job = node.get("/api/v1/jobs/" + id);
    if (job.is_object() && job.value("state", "") == "succeeded") ended_[id] = std::move(job);
  }

  std::string callback_url_, effects_folder_, last_id_;
  std::map<std::string, pushed> jobs_;
  std::map<std::string, json> ended_;
  std::vector<std::string> refusals_;
};

/// How often each (job, attempt) reached the receiver, and which jobs came for a fire.
struct deliveries {
  explicit deliveries(const std::vector<received_request>& requests) {
    for (const auto& request : requests) {
      const auto id = request.header("wheelwork-job-id");
      ++attempts[id][std::stoul(request.header("wheelwork-attempt"))];
      if (request.target == "/beat") jobs_of_fire[request.header("wheelwork-fire-time")].insert(id);
    }
  }
  std::map<std::string, std::map<unsigned long, int>> attempts;
  std::map<std::string, std::set<std::string>> jobs_of_fire;
};

/// Kills whom it was told to, once, even when it is told after the shot was asked for.
class node_killer {
public:
  void aim_at(pid_t victim) {
    const std::lock_guard lock{mutex_};
    victim_ = victim;
    aimed_.notify_one();
  }
  void kill_next() {
    std::unique_lock lock{mutex_};
    if (aimed_.wait_for(lock, std::chrono::seconds{30}, [&] { return victim_ > 0; }))
      ::kill(std::exchange(victim_, 0), SIGKILL);
  }

private:
  std::mutex mutex_;
  std::condition_variable aimed_;
  pid_t victim_ = 0;
};

class crashes : public testing::Test {
protected:
  /// `fails_until`: attempts up to this number fail by order, unless the node took them with it.
  void look_at_job(const std::string& id, const deliveries& delivered, size_t fails_until, bool is_callback) {
    const auto job = node.final_job(id);
    size_t lost_in_a_row = 0, succeeded = 0, number = 0;
    const auto seen = delivered.attempts.find(id);
    for (const auto& attempt : job["attempts"]) {
      EXPECT_EQ(attempt["number"], ++number) << job.dump();
      const auto outcome = attempt["outcome"];
      lost_in_a_row = outcome == "lost" ? lost_in_a_row + 1 : 0;
      succeeded += outcome == "succeeded";
      if (outcome != "lost") {
        EXPECT_EQ(outcome, number <= fails_until ? "failed" : "succeeded") << job.dump();
      }
      if (is_callback && outcome == "succeeded") {
        EXPECT_TRUE(seen != delivered.attempts.end() && seen->second.contains(number))
            << "never delivered: " << job.dump();
      }
    }
    if (job["state"] == "dead") {
      EXPECT_EQ(lost_in_a_row, 5u) << "only a job that was lost five times in a row may end like this: " << job.dump();
      return;
    }
    EXPECT_EQ(job["state"], "succeeded") << job.dump();
    EXPECT_EQ(succeeded, 1u) << job.dump();
  }

  void no_attempt_was_delivered_twice(const deliveries& delivered) {
    for (const auto& [id, attempts] : delivered.attempts) {
      const auto job = node.get("/api/v1/jobs/" + id);
      for (const auto& [number, times] : attempts) {
        EXPECT_EQ(times, 1) << "attempt " << number << " of " << job.dump();
        EXPECT_LE(number, job["attempts"].size()) << job.dump();
      }
    }
  }

  /// All entries of the task's ledger up to now.
  std::vector<json> ledger(const std::string& task) {
    std::vector<json> all;
    std::string cursor;
    do {
      const auto page =
          node.get("/api/v1/tasks/" + task + "/fires?limit=1000" + (cursor.empty() ? "" : "&cursor=" + cursor));
      for (const auto& entry : page.at("items")) all.push_back(entry);
      cursor = page["next"].is_string() ? page["next"].get<std::string>() : "";
    } while (!cursor.empty());
    return all;
  }

  void each_fire_made_one_job(const deliveries& delivered) {
    std::map<std::string, std::string> job_of;
    std::set<std::string> jobs;
    std::string disabled_from = "never";
    for (const auto& entry : ledger("beat")) {
      if (entry["verdict"] == "disabled") {
        disabled_from = std::min(disabled_from, entry["from"].get<std::string>());
        continue;
      }
      ASSERT_EQ(entry["verdict"], "fired") << "the downtime was shorter than the misfire grace: " << entry.dump();
      EXPECT_TRUE(job_of.emplace(entry["fire_time"], entry["job"]).second) << "twice in the ledger: " << entry.dump();
      EXPECT_TRUE(jobs.insert(entry["job"]).second) << "one job for two fires: " << entry.dump();
    }
    ASSERT_GT(job_of.size(), 10u);
    EXPECT_LT(job_of.rbegin()->first, disabled_from) << "a fire before the task was disabled was skipped";
    const auto first = parse_time(job_of.begin()->first), last = parse_time(job_of.rbegin()->first);
    ASSERT_TRUE(first && last);
    EXPECT_EQ(*last - *first, milliseconds{100} * (job_of.size() - 1)) << "a fire is missing from the ledger";
    for (const auto& [fire_time, made] : delivered.jobs_of_fire) {
      EXPECT_EQ(made.size(), 1u) << "fire " << fire_time << " ran as " << testing::PrintToString(made);
      EXPECT_EQ(job_of[fire_time], *made.begin()) << fire_time;
    }
    for (const auto& [fire_time, id] : job_of) look_at_job(id, delivered, 0, true);
  }

  temporary_folder folder;
  recording_server receiver{target_test::always(200)};
  node_process node{folder.path(), "[process_target]\nallow = [\"/bin/mkdir\"]\n"};
};

TEST_F(crashes, lose_nothing_that_was_accepted_and_repeat_no_fire) {
  const auto rounds = setting("WHEELWORK_CRASH_ROUNDS", 50);
  const auto seed = setting("WHEELWORK_CRASH_SEED", std::random_device{}());
  SCOPED_TRACE("WHEELWORK_CRASH_SEED=" + std::to_string(seed));
  std::mt19937 random{static_cast<std::mt19937::result_type>(seed)};
  const auto effects = folder.path() / "effects";
  create_directory(effects);
  persistent_pusher pusher{receiver.url("/job"), effects.string()};

  node.start();
  const json beat{{"name", "beat"},
                  {"schedule", {{"every", "100ms"}}},
                  {"overlap", "allow"},
                  {"target", {{"http", {{"url", receiver.url("/beat")}, {"method", "POST"}}}}}};
  ASSERT_EQ(node.request("PUT", "/api/v1/tasks/beat", beat.dump()).status, 201);
  for (unsigned long round = 0; round < rounds; ++round) {
    std::thread pushing{[&] { pusher.run(node, SIZE_MAX); }};
    const bool alive = node.runs_on_for(milliseconds{std::uniform_int_distribution<int>{0, 250}(random)});
    node.kill();
    pushing.join();
    ASSERT_TRUE(alive) << "round " << round << ": the node ended by itself\n" << node.log();
    node.start();
  }
  const auto disabled = node.request("PATCH", "/api/v1/tasks/beat", R"({"enabled":false})");
  ASSERT_EQ(disabled.status, 200) << disabled.body;
  pusher.run(node, 10);
  EXPECT_THAT(pusher.refusals(), testing::IsEmpty());
  ASSERT_GT(pusher.jobs().size(), rounds);

  std::set<std::string> ids;
  for (const auto& [key, job] : pusher.jobs()) {
    ASSERT_FALSE(job.id.empty()) << key << " was never answered";
    EXPECT_TRUE(ids.insert(job.id).second) << "one job for two keys: " << job.id;
    node.final_job(job.id);
  }
  const deliveries delivered{receiver.requests()};
  for (const auto& [key, job] : pusher.jobs()) {
    const auto& target = job.body["target"];
    look_at_job(job.id, delivered, target.contains("native") && target["native"]["handler"] == "fail" ? 1 : 0,
                target.contains("http"));
    if (target.contains("process")) {
      EXPECT_TRUE(exists(effects / job.id)) << "never ran: " << job.id;
    }
  }
  no_attempt_was_delivered_twice(delivered);
  each_fire_made_one_job(delivered);
  ASSERT_FALSE(pusher.ended().empty());
  for (const auto& [id, seen] : pusher.ended())
    EXPECT_EQ(node.get("/api/v1/jobs/" + id), seen) << "changed after its end";
}

TEST_F(crashes, of_the_node_by_one_job_end_that_job_after_five_tries) {
  // The receiver kills the node on each call of the poisonous job: the effect is out, its outcome never is.
  node_killer killer;
  recording_server poison{[&](test_connection& connection, const received_request&) {
    killer.kill_next();
    connection.wait_for_close();
  }};
  node.start();
  const auto id = node.push({{"target", {{"http", {{"url", poison.url()}, {"method", "POST"}}}}}, {"delay", "200ms"}});
  const auto bystander =
      node.push({{"target", {{"http", {{"url", receiver.url()}, {"method", "POST"}}}}}, {"delay", "200ms"}});
  for (int tries = 0; tries < 5; ++tries) {
    killer.aim_at(node.pid());
    node.wait_for_end();
    node.launch();
  }
  node.wait_until_ready();
  const auto job = node.final_job(id);
  EXPECT_EQ(job["state"], "dead") << job.dump();
  EXPECT_EQ(job["reason"], "crashed_node") << job.dump();
  EXPECT_EQ(job["attempts"].size(), 5u) << job.dump();
  EXPECT_EQ(poison.requests().size(), 5u);
  EXPECT_EQ(node.final_job(bystander)["state"], "succeeded");
}

} // namespace
} // namespace wheelwork::app_test
