// The dispatcher's books of polls, and the way it takes jobs for them.
#include "actors/worker_matching.hpp"
#include "schedule/dispatch_queue.hpp"

#include <gmock/gmock.h>

namespace wheelwork {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

job job_of(uint64_t id) {
  job made;
  made.id = job_id{id};
  return made;
}

std::vector<uint64_t> ids_of(const worker_matching::batch& batch) {
  std::vector<uint64_t> ids;
  for (const auto& one : batch.jobs) ids.push_back(value_of(one.id));
  return ids;
}

TEST(worker_matching, serves_polls_in_the_order_of_their_coming) {
  worker_matching books;
  books.add({1, {"a"}, 1});
  books.add({2, {"a", "b", "b"}, 1});
  EXPECT_EQ(books.first_for("a")->number, 1u);
  EXPECT_EQ(books.first_for("b")->number, 2u);
  EXPECT_EQ(books.first_for("c"), nullptr);
  books.remove(1);
  EXPECT_EQ(books.first_for("a")->number, 2u);
  books.remove(2);
  books.remove(2);
  EXPECT_EQ(books.first_for("b"), nullptr);
  EXPECT_TRUE(books.empty());
}

TEST(worker_matching, hands_over_when_all_starts_of_a_poll_are_settled) {
  worker_matching books;
  books.add({1, {"a"}, 3});
  books.reserve(1, {job_of(10), job_of(11), job_of(12)});
  EXPECT_EQ(books.first_for("a"), nullptr) << "it takes no others";
  EXPECT_FALSE(books.started(job_of(10)));
  EXPECT_FALSE(books.refused(job_id{11}));
  const auto whole = books.started(job_of(12));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->poll, 1u);
  EXPECT_THAT(ids_of(*whole), ElementsAre(10, 12));
  EXPECT_EQ(books.reserved(), 0u);
  EXPECT_FALSE(books.started(job_of(10)));
}

TEST(worker_matching, a_poll_waits_again_when_none_of_its_jobs_could_start) {
  worker_matching books;
  books.add({1, {"a"}, 3});
  books.add({2, {"b"}, 3});
  books.reserve(1, {job_of(10)});
  books.reserve(2, {job_of(20)});
  books.remove(2); // left meanwhile
  EXPECT_TRUE(books.refused(job_id{10})->jobs.empty());
  EXPECT_TRUE(books.refused(job_id{20})->jobs.empty());
  EXPECT_EQ(books.first_for("a")->number, 1u);
  EXPECT_EQ(books.first_for("b"), nullptr);
}

TEST(worker_matching, gives_back_what_no_worker_has_yet) {
  worker_matching books;
  books.add({1, {"a"}, 3});
  books.reserve(1, {job_of(10), job_of(11)});
  std::optional<worker_matching::batch> whole;
  EXPECT_FALSE(books.take_back(job_id{10}, whole)) << "its start is at the journal";
  books.started(job_of(10));
  EXPECT_TRUE(books.take_back(job_id{10}, whole));
  EXPECT_FALSE(whole);
  whole = books.started(job_of(11));
  ASSERT_TRUE(whole);
  EXPECT_THAT(ids_of(*whole), ElementsAre(11));
}

TEST(dispatch_queue_of_workers, takes_jobs_of_the_named_lanes_only_when_asked) {
  dispatch_queue<int> queue{100, 0};
  for (int each : {1, 2}) queue.push(each, "a", 5);
  queue.push(3, "b", 9);
  queue.push(4, "c", 9);
  const auto weight = [](int) { return size_t{1}; };
  EXPECT_THAT(queue.take(10), IsEmpty()) << "a lane without room of its own";
  EXPECT_THAT(queue.take_of({"a", "b", "none"}, 2, weight, 100), ElementsAre(3, 1));
  EXPECT_EQ(queue.running(), 2u);
  EXPECT_THAT(queue.take_of({"a", "c"}, 10, weight, 1), ElementsAre(4)) << "as much as it may weigh";
  EXPECT_THAT(queue.take_of({"a"}, 10, weight, 100), ElementsAre(2));
  queue.finished("a");
  EXPECT_EQ(queue.running(), 3u);
  EXPECT_EQ(queue.size(), 0u);
}

TEST(dispatch_queue_of_workers, never_runs_more_than_the_whole_may) {
  dispatch_queue<int> queue{1, 0};
  for (int each : {1, 2}) queue.push(each, "a", 5);
  const auto weight = [](int) { return size_t{1}; };
  EXPECT_THAT(queue.take_of({"a"}, 10, weight, 100), ElementsAre(1));
  EXPECT_THAT(queue.take_of({"a"}, 10, weight, 100), IsEmpty());
  queue.finished("a");
  EXPECT_THAT(queue.take_of({"a"}, 10, weight, 100), ElementsAre(2));
}

} // namespace
} // namespace wheelwork
