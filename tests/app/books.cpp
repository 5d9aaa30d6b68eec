#include "tests/app/books.hpp"

#include "schedule/time_text.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

namespace wheelwork::app_test {

using nlohmann::json;
using std::chrono::milliseconds;
using target_test::received_request;

unsigned long setting(const char* name, unsigned long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoul(text, nullptr, 10) : otherwise;
}

void persistent_pusher::run(const node_process& node, size_t most, const std::stop_token& stop) {
  for (auto& [key, job] : jobs_)
    if (stop.stop_requested() || (job.id.empty() && !push(node, key, job))) return;
  for (size_t i = 0; i < most && !stop.stop_requested(); ++i) {
    const auto key = "job-" + std::to_string(jobs_.size());
    auto& job = jobs_[key];
    job.body = next_body(jobs_.size());
    if (!push(node, key, job)) return;
  }
}

json persistent_pusher::next_body(size_t number) const {
  switch (number % 8) {
  case 0: return {{"target", {{"native", {{"handler", "noop"}}}}}};
  case 1:
    return {{"target", {{"native", {{"handler", "fail"}}}}},
            {"payload", {{"times", 1}}},
            {"retry", {{"delays", {"50ms"}}}}};
  case 2:
    if (!processes_) return callback({});
    // mkdir fails if it is done twice, and nothing retries it.
    return {{"target", {{"process", {{"command", {"/bin/mkdir", "{job_id}"}}, {"cwd", effects_folder_}}}}},
            {"retry", {{"limit", 0}}}};
  case 3: return callback({{"delay", "300ms"}});
  default: return callback({});
  }
}

json persistent_pusher::callback(json with) const {
  with["target"] = {{"http", {{"url", callback_url_}, {"method", "POST"}}}};
  return with;
}

bool persistent_pusher::push(const node_process& node, const std::string& key, pushed& job) {
  const auto answer = node.request("POST", "/api/v1/jobs", job.body.dump(), {"Idempotency-Key: " + key});
  if (answer.status == 0) return false;
  if (answer.status == 200 || answer.status == 201) {
    look_again(node, last_id_);
    last_id_ = job.id = answer.json().at("id");
  } else if (answer.status == 503) {
    return node.runs_on_for(milliseconds{20}); // its Retry-After is too polite for this test
  } else {
    refusals_.push_back(key + ": " + std::to_string(answer.status) + " " + answer.body);
  }
  return true;
}

void persistent_pusher::look_again(const node_process& node, const std::string& id) {
  if (id.empty()) return;
  auto job = node.get("/api/v1/jobs/" + id);
  if (job.is_object() && job.value("state", "") == "succeeded") ended_[id] = std::move(job);
}

deliveries::deliveries(const std::vector<received_request>& requests) {
  for (const auto& request : requests) {
    const auto id = request.header("wheelwork-job-id");
    ++attempts[id][std::stoul(request.header("wheelwork-attempt"))];
    if (request.target == "/beat") jobs_of_fire[request.header("wheelwork-fire-time")].insert(id);
  }
}
books::books()
    : pusher{receiver.url("/job"), (folder.path() / "effects").string()}, effects{folder.path() / "effects"} {
  create_directory(effects);
}

namespace {

/// All entries of the task's ledger up to now.
std::vector<json> ledger(const node_process& node, const std::string& task) {
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

/// The command that makes a folder was begun by an attempt that was lost, went on without its node, and did its work;
/// the attempt after it finds the folder.
bool did_its_work_while_lost(const json& attempt, const json& before) {
  return before.is_object() && before["outcome"] == "lost" && attempt["outcome"] == "failed" &&
         attempt["response"].dump().find("File exists") != std::string::npos;
}

} // namespace

void books::look_at_job(const node_process& node, const std::string& id, const deliveries& delivered,
                        size_t fails_until, bool is_callback) {
  const auto job = node.final_job(id);
  size_t lost_in_a_row = 0, succeeded = 0, number = 0;
  const auto seen = delivered.attempts.find(id);
  json before;
  for (const auto& attempt : job["attempts"]) {
    EXPECT_EQ(attempt["number"], ++number) << job.dump();
    if (did_its_work_while_lost(attempt, std::exchange(before, attempt))) return;
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

void books::no_attempt_was_delivered_twice(const node_process& node, const deliveries& delivered) {
  for (const auto& [id, attempts] : delivered.attempts) {
    const auto job = node.get("/api/v1/jobs/" + id);
    for (const auto& [number, times] : attempts) {
      EXPECT_EQ(times, 1) << "attempt " << number << " of " << job.dump();
      EXPECT_LE(number, job["attempts"].size()) << job.dump();
    }
  }
}

void books::each_fire_made_one_job(const node_process& node, const deliveries& delivered) {
  std::map<std::string, std::string> job_of;
  std::set<std::string> jobs;
  std::string disabled_from = "never";
  for (const auto& entry : ledger(node, "beat")) {
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
  for (const auto& [fire_time, id] : job_of) look_at_job(node, id, delivered, 0, true);
}

void books::open(const node_process& node) {
  const json beat{{"name", "beat"},
                  {"schedule", {{"every", "100ms"}}},
                  {"overlap", "allow"},
                  {"target", {{"http", {{"url", receiver.url("/beat")}, {"method", "POST"}}}}}};
  ASSERT_EQ(node.request("PUT", "/api/v1/tasks/beat", beat.dump()).status, 201);
}

void books::close(const node_process& node) {
  const auto disabled = node.request("PATCH", "/api/v1/tasks/beat", R"({"enabled":false})");
  ASSERT_EQ(disabled.status, 200) << disabled.body;
  pusher.run(node, 10);
  EXPECT_THAT(pusher.refusals(), testing::IsEmpty());

  std::set<std::string> ids;
  for (const auto& [key, job] : pusher.jobs()) {
    ASSERT_FALSE(job.id.empty()) << key << " was never answered";
    EXPECT_TRUE(ids.insert(job.id).second) << "one job for two keys: " << job.id;
    node.final_job(job.id);
  }
  const deliveries delivered{receiver.requests()};
  size_t of_processes = 0, processes_that_ran = 0;
  for (const auto& [key, job] : pusher.jobs()) {
    const auto& target = job.body["target"];
    look_at_job(node, job.id, delivered, target.contains("native") && target["native"]["handler"] == "fail" ? 1 : 0,
                target.contains("http"));
    // One that is dead was lost five times in a row, which look_at_job() has seen to: it may have had no time to run.
    if (target.contains("process")) {
      ++of_processes;
      const bool ran = exists(effects / job.id);
      processes_that_ran += ran;
      EXPECT_TRUE(ran || node.final_job(job.id)["state"] == "dead") << "never ran: " << node.final_job(job.id).dump();
    }
  }
  EXPECT_TRUE(processes_that_ran > 0 || of_processes == 0) << "no process got to run";
  no_attempt_was_delivered_twice(node, delivered);
  each_fire_made_one_job(node, delivered);
  ASSERT_FALSE(pusher.ended().empty());
  for (const auto& [id, seen] : pusher.ended())
    EXPECT_EQ(node.get("/api/v1/jobs/" + id), seen) << "changed after its end";
}

} // namespace wheelwork::app_test
