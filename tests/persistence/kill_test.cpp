// A node that is killed at any moment of a commit leaves a database that opens clean and holds what was acknowledged.
#include "tests/persistence/journal_fixture.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace wheelwork::testing_journal {
namespace {

constexpr uint64_t jobs_of_batch = 20;
constexpr uint64_t id_base = 1000;

// The child: batch n inserts jobs_of_batch jobs and ends those of batch n-1; each acknowledged batch is a byte in the
// pipe.
[[noreturn]] void commit_for_ever(const backend& kind, const temporary_folder& folder, const clock_source& clock,
                                  uint64_t first, int acknowledged) {
  const auto opened = kind.open(folder, clock);
  const auto writer = opened->open_writer();
  for (uint64_t batch = first;; ++batch) {
    journal_change change = inserting({});
    for (uint64_t n = 0; n < jobs_of_batch; ++n) {
      change.inserts.push_back(pushed(id_base + batch * jobs_of_batch + n, at(0)));
      if (batch > 0) change.ends.push_back(ending(id_base + (batch - 1) * jobs_of_batch + n));
    }
    const auto receipts = writer->commit({change});
    if (!receipts || receipts->at(0).error || !receipts->at(0).missing.empty()) ::_exit(3);
    if (::write(acknowledged, "+", 1) != 1) ::_exit(4);
  }
}

class kill_test : public ::testing::TestWithParam<backend> {};
INSTANTIATE_TEST_SUITE_P(journal, kill_test, ::testing::ValuesIn(databases()), ::testing::PrintToStringParamName());

TEST_P(kill_test, holds_what_was_acknowledged_and_at_most_one_batch_more_whole_or_not_at_all) {
  const backend kind = GetParam();
  if (!kind.missing().empty()) GTEST_SKIP() << kind.missing();
  const manual_clock clock;
  const temporary_folder folder;
  kind.open(folder, clock).reset(); // a server that is started for the tests must not be the child's own
  uint64_t batches = 0;
  for (int round = 0; round < 20; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) commit_for_ever(kind, folder, clock, batches, pipe_ends[1]);
    ::close(pipe_ends[1]);
    // Killed after another number of acknowledgements in each round, at whatever the child does then.
    uint64_t acknowledged = 0;
    char byte = 0;
    const uint64_t wanted = 1 + static_cast<uint64_t>(round * 7 % 23);
    while (acknowledged < wanted && ::read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    ASSERT_EQ(acknowledged, wanted) << "the child ended by itself";
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    ::close(pipe_ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);

    const auto opened = kind.open(folder, clock);
    const auto reader = opened->open_reader();
    const uint64_t sure = batches + acknowledged;
    const bool one_more = (*reader->find_job(job_id{id_base + sure * jobs_of_batch})).has_value();
    batches = sure + (one_more ? 1 : 0);
    EXPECT_EQ(reader->count_live()->live, jobs_of_batch);
    EXPECT_EQ(reader->count_live()->batches.at(0), batches);
    for (uint64_t n = 0; n < (batches + 1) * jobs_of_batch; ++n) {
      const auto found = reader->find_job(job_id{id_base + n});
      ASSERT_TRUE(found);
      const uint64_t batch = n / jobs_of_batch;
      ASSERT_EQ(found->has_value(), batch < batches) << n;
      if (*found) {
        ASSERT_EQ((*found)->state, batch + 1 < batches ? job_state::succeeded : job_state::pending) << n;
      }
    }
  }
}

} // namespace
} // namespace wheelwork::testing_journal
