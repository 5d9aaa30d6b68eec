// What tests of process targets share: a runner on a folder of its own, its answers, and FIFOs that tell who is alive.
#pragma once

#include "targets/process_file.hpp"
#include "targets/process_runner.hpp"

#include <condition_variable>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

namespace wheelwork::process_test {

inline constexpr std::chrono::seconds patience{60};

/// The real clock: what runs here are real processes.
class real_clock : public clock_source {
public:
  wall_time wall_now() const override { return helper_wall_now(); }
  std::chrono::steady_clock::time_point steady_now() const override { return {}; }
};

/// Collects what a sink is given.
class answers {
public:
  results_sink sink();
  /// Waits for the answer to an attempt; fails the test and answers an empty one after `patience`.
  attempt_result of(uint64_t id, uint32_t number = 1);
  /// How often an attempt was answered.
  size_t count(uint64_t id, uint32_t number = 1);

private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::multimap<std::pair<uint64_t, uint32_t>, attempt_result> results_;
};

/// A FIFO whose writers are the processes that a test waits for.
class life_line {
public:
  explicit life_line(std::string path);
  const std::string& path() const { return path_; }
  /// True once that many bytes were written.
  bool wait_for(size_t bytes);
  /// True if all writers are gone now.
  bool all_gone_now();
  /// True once all writers are gone.
  bool wait_until_all_gone();

private:
  std::string path_;
  descriptor file_;
};

class process_fixture : public testing::Test {
protected:
  process_fixture();
  ~process_fixture() override;

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  /// A file with this content and mode.
  std::string file(const std::string& name, const std::string& content, mode_t mode = 0755);
  void start();
  void stop() { runner_.reset(); }
  /// The order of a first attempt at a job.
  attempt_order order(uint64_t id, std::vector<std::string> command, uint32_t number = 1);
  process_target& target_of(attempt_order& order);
  void run(attempt_order order);
  attempt_result run_and_wait(attempt_order order);
  /// With the command only.
  attempt_result result_of(std::vector<std::string> command);
  /// How many records the folder holds.
  size_t records() const;

  std::string folder_;
  const std::string helper_ = WHEELWORK_PROCESS_HELPER;
  process_runner_settings settings_;
  attempt_identity identity_{"node-1", {}};
  real_clock clock_;
  answers answers_;
  std::unique_ptr<process_runner> runner_;
  std::map<uint64_t, std::shared_ptr<resolved_target>> targets_;
};

nlohmann::json response(const attempt_result& result);

} // namespace wheelwork::process_test
