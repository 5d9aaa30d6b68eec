// Several writers of one node side by side on a server: what they could get wrong only together.
#include "tests/persistence/server_fixture.hpp"

#include <gmock/gmock.h>

#include <latch>
#include <thread>

namespace wheelwork::testing_journal {
namespace {

class writers_test : public server_test {
protected:
  void SetUp() override {
    server_test::SetUp();
    if (IsSkipped()) return;
    writer_.reset();
    reader_.reset();
    journal_.reset();
    open(2);
  }

  void open(uint16_t writers) {
    journal_options how = options();
    how.writers = writers;
    auto opened = open_journal(how);
    if (!opened) throw std::runtime_error{opened.error()};
    writers_.clear();
    journal_ = std::move(*opened);
    reader_ = journal_->open_reader();
    for (uint16_t number = 0; number < writers; ++number) writers_.push_back(journal_->open_writer(number));
  }

  static new_job keyed(uint64_t id, const std::string& key) {
    new_job made = pushed(id, at(0), "handler-" + key);
    made.unique_key = key;
    return made;
  }

  /// Each writer commits its changes one after the other, both at once.
  std::vector<std::vector<journal_receipt>> commit_at_once(const std::vector<std::vector<journal_change>>& by_writer) {
    std::vector<std::vector<journal_receipt>> answers(by_writer.size());
    std::latch together{static_cast<std::ptrdiff_t>(by_writer.size())};
    std::vector<std::thread> threads;
    for (size_t number = 0; number < by_writer.size(); ++number)
      threads.emplace_back([&, number] {
        together.arrive_and_wait();
        for (const journal_change& change : by_writer[number]) {
          auto answer = writers_[number]->commit({change});
          if (!answer) {
            ADD_FAILURE() << answer.error().message;
            return;
          }
          answers[number].push_back(std::move(answer->at(0)));
        }
      });
    for (std::thread& thread : threads) thread.join();
    return answers;
  }

  std::vector<std::unique_ptr<journal_writer>> writers_;
};

INSTANTIATE_TEST_SUITE_P(journal, writers_test, ::testing::ValuesIn(server_kinds()),
                         ::testing::PrintToStringParamName());

TEST_P(writers_test, each_counts_its_own_batches) {
  const uint64_t first = writers_[0]->commit({inserting({pushed(1, at(0))}, 2)})->at(0).batch;
  const uint64_t second = writers_[1]->commit({inserting({pushed(2, at(0))}, 3)})->at(0).batch;
  EXPECT_EQ(writers_[0]->commit({inserting({pushed(3, at(0))}, 2)})->at(0).batch, first + 1);
  const auto count = reader_->count_live();
  ASSERT_TRUE(count);
  EXPECT_EQ(count->live, 3u);
  EXPECT_EQ(count->batches, (std::vector<uint64_t>{first + 1, second}));
}

TEST_P(writers_test, a_key_and_a_target_that_both_bring_at_once_and_crosswise_have_one_row) {
  constexpr uint64_t rounds = 40, keys = 5;
  std::vector<std::vector<journal_change>> by_writer(2);
  for (uint64_t round = 0; round < rounds; ++round) {
    for (uint16_t number = 0; number < 2; ++number) {
      std::vector<new_job> jobs;
      for (uint64_t each = 0; each < keys; ++each) {
        const uint64_t key = round * keys + (number == 0 ? each : keys - 1 - each);
        jobs.push_back(keyed(1 + 2 * key + number, "key-" + std::to_string(key)));
      }
      by_writer[number].push_back(inserting(std::move(jobs), number));
    }
  }
  const auto answers = commit_at_once(by_writer);
  size_t repeated = 0;
  for (const auto& of_writer : answers)
    for (const journal_receipt& answer : of_writer) {
      EXPECT_FALSE(answer.error) << answer.error->message;
      repeated += answer.repeated.size();
    }
  EXPECT_EQ(repeated, rounds * keys);
  EXPECT_EQ(value("select count(*) from ww_job"), std::to_string(rounds * keys));
  const std::string column = GetParam().name == "postgres" ? "key" : "unique_key";
  EXPECT_EQ(
      value("select count(*) from ww_unique_key k join ww_job j on j.id = k.job_id and j.unique_key = k." + column),
      std::to_string(rounds * keys));
  EXPECT_EQ(value("select count(*) from ww_target"), std::to_string(rounds * keys));
}

TEST_P(writers_test, all_are_fenced_by_a_node_that_takes_over_with_fewer) {
  for (auto& each : writers_) ASSERT_TRUE(each->renew_lease(clock_.now + milliseconds{3000}));
  std::vector<std::unique_ptr<journal_writer>> old = std::move(writers_);
  std::unique_ptr<journal> old_journal = std::move(journal_);
  execute("update ww_node set lease_ends = 0");
  open(1);
  for (auto& each : old) {
    const auto answer = each->commit({inserting({pushed(9, at(0))})});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, journal_errc::fenced);
    EXPECT_EQ(each->renew_lease(clock_.now + milliseconds{3000}).error().code, journal_errc::fenced);
  }
  EXPECT_TRUE(writers_[0]->commit({inserting({pushed(9, at(0))})}));
}

TEST_P(writers_test, a_lease_that_one_has_renewed_is_not_shortened_by_another) {
  ASSERT_TRUE(writers_[0]->renew_lease(clock_.now + milliseconds{9000}));
  const std::string until = value("select lease_until from ww_node"), ends = value("select lease_ends from ww_node");
  ASSERT_TRUE(writers_[1]->renew_lease(clock_.now + milliseconds{3000}));
  EXPECT_EQ(value("select lease_until from ww_node"), until);
  EXPECT_EQ(value("select lease_ends from ww_node"), ends);
}

TEST_P(writers_test, a_target_that_one_uses_is_not_deleted_by_the_sweep_of_another) {
  constexpr uint64_t targets = 1200;
  // Jobs with targets of their own come and go at the one, while the other sweeps and brings some of them again.
  const auto target_of = [](uint64_t number) { return "handler-" + std::to_string(number); };
  std::vector<new_job> jobs;
  for (uint64_t number = 0; number < targets; ++number) jobs.push_back(pushed(1 + number, at(0), target_of(number)));
  ASSERT_TRUE(writers_[1]->commit({inserting(std::move(jobs), 1)}));
  journal_change ends;
  ends.shard = shard_id{1};
  for (uint64_t number = 0; number < targets; ++number) {
    job_end end = ending(1 + number);
    end.keep = false;
    ends.ends.push_back(end);
  }
  ASSERT_TRUE(writers_[1]->commit({ends}));
  const auto sweep = [&] { ASSERT_TRUE(writers_[0]->drop_history(at(0), 100)); };
  for (uint64_t id = 2000, steps = 0; value("select count(*) from ww_target") != "3"; ++steps) {
    ASSERT_LT(steps, 200u);
    sweep();
    // In the middle of the walk, while rows are deleted, and one that is gone but that the other writer still
    // remembers.
    if (steps == 1 || steps == 5 || steps == 40) {
      ASSERT_TRUE(writers_[1]->commit({inserting({pushed(id++, at(0), target_of(steps))}, 1)}));
    }
  }
  EXPECT_EQ(value("select count(*) from ww_job j join ww_target t on t.id = j.target"), "3");
}

TEST_P(writers_test, there_are_no_more_than_the_node_took) {
  EXPECT_EQ(journal_->writers(), 2);
  EXPECT_THROW(journal_->open_writer(2), std::runtime_error);
}

} // namespace
} // namespace wheelwork::testing_journal
