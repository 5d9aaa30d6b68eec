// What all tests of journals share: a clock that stands still, a folder that goes away, short ways to write changes,
// and the suite that every backend passes.
#pragma once

#include "persistence/journal.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <ostream>

namespace wheelwork::testing_journal {

class manual_clock final : public clock_source {
public:
  wall_time wall_now() const override { return now; }
  std::chrono::steady_clock::time_point steady_now() const override { return {}; }
  wall_time now{milliseconds{1'790'000'000'000}};
};

/// A folder of its own for each test, deleted at the end.
class temporary_folder {
public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  std::filesystem::path path;
};

/// Table prefix of the tests of Postgres and MariaDB: they share one database, and each has tables of its own in it.
std::string prefix_of(const temporary_folder& folder);
/// Milliseconds after an instant that all tests count from.
wall_time at(int64_t offset_ms);
resolved_target_ptr native(const std::string& handler, const std::string& other_members = "");
new_job pushed(uint64_t id, wall_time due, const std::string& handler = "noop");
new_job fired(uint64_t id, task_id task, wall_time fire_time);
journal_change inserting(std::vector<new_job> jobs, uint16_t shard = 3);
job_end ending(uint64_t id, job_state state = job_state::succeeded, uint32_t attempt = 1);
attempt_record tried(uint32_t number, attempt_outcome outcome, wall_time started, wall_time finished);
task_ptr task_named(const std::string& name, uint64_t id, const std::string& other_members = "", uint64_t version = 1);
journal_change creating(task_ptr task, uint16_t shard = 3);
std::vector<uint64_t> ids_of(const std::vector<job>& jobs);
std::vector<uint64_t> ids_of(const std::vector<job_view>& jobs);

const std::string& never_missing();

/// One kind of journal and how to open it on the data of a test, again and again.
struct backend {
  std::string name;
  std::function<std::unique_ptr<journal>(const temporary_folder&, const clock_source&)> open;
  const std::string& (*missing)() = never_missing; ///< why it can't be tested here; empty: it can
};
inline std::ostream& operator<<(std::ostream& out, const backend& any) { return out << any.name; }
std::vector<backend> all_backends();
/// All but the one in memory.
std::vector<backend> databases();

class journal_test : public ::testing::TestWithParam<backend> {
protected:
  void SetUp() override;
  void start();
  /// The node ends (as by kill -9: nothing is released) and starts again.
  void restart();

  /// Commits and expects every change to be applied.
  std::vector<journal_receipt> commit(std::vector<journal_change> changes);
  journal_receipt commit(journal_change change) { return commit(std::vector{std::move(change)}).at(0); }
  /// Commits one change that must be refused.
  journal_error refused(journal_change change);
  job_view job_of(uint64_t id);
  bool has_job(uint64_t id);

  manual_clock clock_;
  temporary_folder folder_;
  std::shared_ptr<void> kept_data_; ///< of the memory backend
  std::unique_ptr<journal> journal_;
  std::unique_ptr<journal_writer> writer_;
  std::unique_ptr<journal_reader> reader_;
};

} // namespace wheelwork::testing_journal
