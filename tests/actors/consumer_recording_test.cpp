// Messages that become jobs: a whole batch at a time, pushed again under the same keys, translated.
#include "tests/actors/consumers_fixture.hpp"

namespace wheelwork::testing {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(consumers, record_a_whole_batch_before_they_take_the_next) {
  for (const auto* body : {"one", "two", "three"}) backlog->add(body);
  pool->journal = true;
  pool->max = 1;
  begin();
  ASSERT_EQ(pushed.size(), 1u);
  const auto first = pushed[0].jobs.size();
  advance(5s);
  EXPECT_EQ(pushed.size(), 1u) << "nothing is taken while something is in hand";
  EXPECT_THAT(backlog->acknowledged, IsEmpty());
  pushed[0].done(std::vector<pushed_job>(first));
  advance(1s);
  EXPECT_EQ(backlog->acknowledged.size(), first);
  EXPECT_EQ(pushed.size(), 2u);
}

TEST_F(consumers, push_again_what_could_not_be_recorded_under_the_same_key) {
  backlog->add("one");
  pool->journal = true;
  begin();
  ASSERT_EQ(pushed.size(), 1u);
  const auto key = pushed[0].jobs.at(0).unique_key;
  EXPECT_FALSE(key.empty());
  pushed[0].done(failure(service_error{service_errc::unknown_outcome, "the answer was lost", 1s, {}}));
  advance(2s);
  ASSERT_EQ(pushed.size(), 2u);
  EXPECT_EQ(pushed[1].jobs.at(0).unique_key, key);
  EXPECT_THAT(backlog->acknowledged, IsEmpty());
}

TEST_F(consumers, make_the_job_that_a_message_asks_for_and_bury_what_cannot_be_read) {
  backlog->add("bad");
  backlog->add("good");
  pool->journal = true;
  pool->in_flight = 2; // so many are taken at first
  translate = [this](std::string_view message, wall_time at) -> result<new_job, std::string> {
    if (message == "bad") return failure(std::string{"it is no task"});
    new_job made;
    made.made.how = how_;
    made.made.due_at = at + 1h;
    made.marks["front"] = "test";
    return made;
  };
  begin();
  ASSERT_EQ(pushed.size(), 1u);
  ASSERT_EQ(pushed[0].jobs.size(), 1u);
  const auto& job = pushed[0].jobs[0];
  EXPECT_EQ(job.marks, (labels{{"front", "test"}}));
  EXPECT_EQ(job.made.due_at, clock.wall_now() + 1h);
  EXPECT_FALSE(job.unique_key.empty());
  EXPECT_GT(*job.unique_until, clock.wall_now() + 96h) << "a weekend away is no reason to run it twice";
  ASSERT_EQ(backlog->buried.size(), 1u);
  EXPECT_EQ(backlog->buried[0].first, "bad");
  EXPECT_EQ(backlog->buried[0].second.reason, "unreadable");
  EXPECT_EQ(backlog->buried[0].second.error, "it is no task");
  pushed[0].done(std::vector<pushed_job>(1));
  advance(1s);
  EXPECT_THAT(backlog->acknowledged, ElementsAre("good"));
}

} // namespace

} // namespace wheelwork::testing
