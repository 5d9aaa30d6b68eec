// SQLite only: what was acknowledged stands after the power went off at any write or sync, also when syncs failed
// before; what was not is there whole or not at all.
#include "tests/persistence/journal_fixture.hpp"
#include "tests/support/failing_disk.hpp"

#include <random>

namespace wheelwork::testing_journal {
namespace {

constexpr uint64_t id_base = 1000;

/// Batch n inserts some hundred jobs, so that checkpoints come often, and ends those of batch n-1.
class writing_node {
public:
  /// Commits until the disk refuses. Opening may fail as well.
  void commit_until_off(const failing_disk& disk, const temporary_folder& folder, const clock_source& clock) try {
    const auto opened = all_backends().at(1).open(folder, clock);
    const auto writer = opened->open_writer();
    while (!disk.is_off()) {
      ends_.resize(acknowledged_ + 1); // what was not acknowledged is tried again under the same ids
      const auto change = next_change();
      const auto receipts = writer->commit({change});
      if (receipts) ++acknowledged_;
    }
  } catch (const std::exception& error) {
    // The journal says no by an exception where it opens.
    EXPECT_TRUE(disk.is_off() || disk.failed_syncs() > 0) << error.what();
  }

  /// Everything acknowledged is there, and nothing of a batch without the rest of it.
  void check(const temporary_folder& folder, const clock_source& clock) {
    const auto opened = all_backends().at(1).open(folder, clock);
    const auto reader = opened->open_reader();
    ends_.resize(acknowledged_ + 1);
    const bool one_more = (*reader->find_job(job_id{ends_.back()})).has_value();
    if (one_more) next_change(), ++acknowledged_; // its answer was lost with the power
    if (acknowledged_ == 0) return;
    EXPECT_EQ(reader->count_live()->live, ends_[acknowledged_] - ends_[acknowledged_ - 1]);
    for (uint64_t batch = 0; batch < acknowledged_; ++batch) {
      for (const uint64_t id : {ends_[batch], ends_[batch + 1] - 1}) {
        const auto found = reader->find_job(job_id{id});
        ASSERT_TRUE(found && *found) << "job " << id << " of batch " << batch << " of " << acknowledged_;
        ASSERT_EQ((*found)->state, batch + 1 < acknowledged_ ? job_state::succeeded : job_state::pending) << id;
      }
    }
  }

  uint64_t acknowledged() const { return acknowledged_; }

private:
  journal_change next_change() {
    auto change = inserting({});
    const uint64_t first = ends_.back(), size = 50 + first * 31 % 400;
    change.inserts.assign(size, pushed(first, at(0)));
    for (uint64_t n = 0; n < size; ++n) change.inserts[n].made.id = job_id{first + n};
    if (acknowledged_ > 0)
      for (uint64_t id = ends_[acknowledged_ - 1]; id < first; ++id) change.ends.push_back(ending(id));
    ends_.push_back(first + size);
    return change;
  }

  std::vector<uint64_t> ends_{id_base}; ///< of batch n-1, where batch n begins
  uint64_t acknowledged_ = 0;
};

std::string integrity_of(const std::filesystem::path& path) {
  sqlite3* database = nullptr;
  std::string found;
  EXPECT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  const auto read = [](void* into, int, char** values, char**) {
    static_cast<std::string*>(into)->append(values[0]);
    return 0;
  };
  sqlite3_exec(database, "pragma integrity_check", read, &found, nullptr);
  sqlite3_close(database);
  return found;
}

class power_loss : public ::testing::TestWithParam<double> {};

TEST_P(power_loss, takes_nothing_that_was_acknowledged) {
  const manual_clock clock;
  uint64_t acknowledged = 0, failed_syncs = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    const temporary_folder folder;
    failing_disk disk{seed};
    writing_node node;
    for (int round = 0; round < 4; ++round) {
      disk.fail_syncs(GetParam());
      disk.power_off_after(1 + random() % (round == 0 ? 400 : 4000));
      node.commit_until_off(disk, folder, clock);
      failed_syncs += disk.failed_syncs();
      disk.power_on();
      node.check(folder, clock);
      if (HasFatalFailure()) return;
      ASSERT_EQ(integrity_of(folder.path / "journal.db"), "ok");
    }
    acknowledged += node.acknowledged();
  }
  EXPECT_GT(acknowledged, 100u) << "too little happened for the test to mean anything";
  EXPECT_EQ(failed_syncs > 0, GetParam() > 0);
}

INSTANTIATE_TEST_SUITE_P(syncs, power_loss, ::testing::Values(0.0, 0.1),
                         [](const auto& share) { return share.param == 0 ? "that_work" : "of_which_a_tenth_fails"; });

} // namespace
} // namespace wheelwork::testing_journal
