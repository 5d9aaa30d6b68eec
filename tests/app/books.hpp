// The books of a test that kills and cuts: what was asked for and promised against what ran.
#pragma once

#include "tests/app/node_process.hpp"
#include "tests/targets/test_server.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stop_token>

namespace wheelwork::app_test {

/// What the pusher asked for and what it was told.
struct pushed {
  nlohmann::json body;
  std::string id; ///< empty: no answer yet
};

/// Pushes one job after the other, each with its own idempotency key. What got no answer is pushed again, with its key.
class persistent_pusher {
public:
  explicit persistent_pusher(std::string callback_url, std::string effects_folder)
      : callback_url_{std::move(callback_url)}, effects_folder_{std::move(effects_folder)} {}

  /// Processes that may be started twice are no mistake where another node takes over: from now on there are none.
  void without_processes() { processes_ = false; }
  /// Returns when the node no longer answers, after `most` new jobs, or when it is told to stop.
  void run(const node_process& node, size_t most, const std::stop_token& stop = {});

  const std::map<std::string, pushed>& jobs() const { return jobs_; }
  /// Jobs that were seen succeeded while crashes went on: their outcome was committed, so nothing may change them.
  const std::map<std::string, nlohmann::json>& ended() const { return ended_; }
  const std::vector<std::string>& refusals() const { return refusals_; }

private:
  nlohmann::json next_body(size_t number) const;
  nlohmann::json callback(nlohmann::json with) const;
  bool push(const node_process& node, const std::string& key, pushed& job);
  void look_again(const node_process& node, const std::string& id);

  std::string callback_url_, effects_folder_, last_id_;
  std::map<std::string, pushed> jobs_;
  std::map<std::string, nlohmann::json> ended_;
  std::vector<std::string> refusals_;
  bool processes_ = true;
};

/// How often each (job, attempt) reached the receiver, and which jobs came for a fire.
struct deliveries {
  explicit deliveries(const std::vector<target_test::received_request>& requests);
  std::map<std::string, std::map<unsigned long, int>> attempts;
  std::map<std::string, std::set<std::string>> jobs_of_fire;
};

/// A pusher, a task that fires ten times a second, the receiver of both, and the books in the end.
class books : public testing::Test {
protected:
  books();
  /// On the node that runs: creates the task.
  void open(const node_process& node);
  /// On the node that runs: disables the task, pushes what is still without an answer, waits for all jobs, and
  /// compares.
  void close(const node_process& node);

  temporary_folder folder;
  target_test::recording_server receiver{target_test::always(200)};
  persistent_pusher pusher;
  std::filesystem::path effects;

private:
  /// `fails_until`: attempts up to this number fail by order, unless the node took them with it.
  void look_at_job(const node_process& node, const std::string& id, const deliveries& delivered, size_t fails_until,
                   bool is_callback);
  void no_attempt_was_delivered_twice(const node_process& node, const deliveries& delivered);
  void each_fire_made_one_job(const node_process& node, const deliveries& delivered);
};

/// What nodes of such tests need in their configuration.
inline constexpr char may_make_folders[] = "[process_target]\nallow = [\"/bin/mkdir\"]\n";

/// From the environment, to look longer or at one bad run again.
unsigned long setting(const char* name, unsigned long otherwise);

} // namespace wheelwork::app_test
