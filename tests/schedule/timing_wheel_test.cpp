#include "schedule/timing_wheel.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace wheelwork {
namespace {

/// Counts those alive, so that a leak or a double end shows.
struct counted {
  explicit counted(int64_t& alive) : alive_{&alive} { ++*alive_; }
  counted(counted&& other) noexcept : alive_{std::exchange(other.alive_, nullptr)} {}
  counted& operator=(counted&& other) noexcept {
    std::swap(alive_, other.alive_);
    return *this;
  }
  ~counted() {
    if (alive_) --*alive_;
  }
  int64_t* alive_;
};

struct entry {
  uint64_t id;
  wall_time due_at;
  counted life;
};

wall_time at(int64_t tick) { return wall_time{milliseconds{tick}}; }

class timing_wheel : public testing::Test {
protected:
  entry make(uint64_t id, int64_t tick) { return {id, at(tick), counted{alive_}}; }
  int64_t alive_ = 0;
  timing_wheel_slot<entry> slot_;
};

TEST(slots, take_turns_by_tick) {
  EXPECT_EQ(slot_of(at(0), 60), 0u);
  EXPECT_EQ(slot_of(at(61), 60), 1u);
  EXPECT_EQ(slot_of(at(-61), 60), 0u) << "times before 1970";
  EXPECT_EQ(slot_of(latest_wall_time, 60), static_cast<size_t>(latest_wall_time.time_since_epoch().count() % 60));
}

TEST_F(timing_wheel, tells_when_an_entry_is_the_earliest) {
  EXPECT_TRUE(slot_.arm(make(1, 100)));
  EXPECT_FALSE(slot_.arm(make(2, 200)));
  EXPECT_FALSE(slot_.arm(make(3, 100))) << "the ticker knows that tick";
  EXPECT_TRUE(slot_.arm(make(4, 50)));
  EXPECT_EQ(slot_.earliest(), at(50));
}

TEST_F(timing_wheel, gives_what_is_due_in_order_up_to_the_limit) {
  for (uint64_t id = 0; id < 10; ++id) slot_.arm(make(id, id < 5 ? 200 : 100));
  std::vector<uint64_t> ids;
  for (auto& one : slot_.take_due(at(200), 7)) ids.push_back(one.id);
  EXPECT_EQ(ids, (std::vector<uint64_t>{5, 6, 7, 8, 9, 0, 1}));
  EXPECT_EQ(slot_.size(), 3u);
  EXPECT_EQ(slot_.earliest(), at(200));
  EXPECT_TRUE(slot_.take_due(at(199), 7).empty());
  EXPECT_EQ(slot_.take_due(at(200), 7).size(), 3u);
  EXPECT_EQ(slot_.earliest(), std::nullopt);
}

TEST_F(timing_wheel, takes_back_only_what_is_here) {
  for (uint64_t id = 1; id <= 3; ++id) slot_.arm(make(id, 100));
  EXPECT_FALSE(slot_.take_back(2, at(101)));
  EXPECT_FALSE(slot_.take_back(4, at(100)));
  EXPECT_EQ(slot_.take_back(3, at(100))->id, 3u);
  EXPECT_FALSE(slot_.take_back(3, at(100)));
  slot_.arm(make(4, 100)); // behind the new last one
  std::vector<uint64_t> ids;
  for (auto& one : slot_.take_due(at(100), 10)) ids.push_back(one.id);
  EXPECT_EQ(ids, (std::vector<uint64_t>{1, 2, 4}));
}

TEST_F(timing_wheel, ends_its_entries_with_itself) {
  {
    timing_wheel_slot<entry> other;
    for (uint64_t id = 0; id < 1000; ++id) other.arm(make(id, static_cast<int64_t>(id % 7)));
    EXPECT_EQ(alive_, 1000);
    other.take_due(at(3), 100);
  }
  EXPECT_EQ(alive_, 0);
}

/// Ids by due time, in the order of arming: what the slot must be equal to.
using model = std::multimap<wall_time, uint64_t>;

class timing_wheel_property : public testing::TestWithParam<uint64_t> {
protected:
  void arm_one() {
    auto due = at(static_cast<int64_t>(now_ + random_() % spread_));
    bool earliest = model_.empty() || due < model_.begin()->first;
    EXPECT_EQ(slot_.arm({++last_id_, due, counted{alive_}}), earliest);
    model_.emplace(due, last_id_);
  }

  void take_due() {
    now_ += random_() % spread_;
    auto limit = 1 + random_() % 100;
    auto taken = slot_.take_due(at(static_cast<int64_t>(now_)), limit);
    for (auto& one : taken) {
      ASSERT_FALSE(model_.empty());
      EXPECT_EQ(one.due_at, model_.begin()->first);
      EXPECT_EQ(one.id, model_.begin()->second);
      model_.erase(model_.begin());
    }
    bool more = !model_.empty() && model_.begin()->first <= at(static_cast<int64_t>(now_));
    EXPECT_TRUE(taken.size() == limit || !more);
  }

  void take_back_some() {
    std::vector<std::pair<wall_time, uint64_t>> wanted;
    for (auto& [due, id] : model_)
      if (random_() % 4 == 0) wanted.emplace_back(due, id);
    std::shuffle(wanted.begin(), wanted.end(), random_);
    for (auto& [due, id] : wanted) {
      EXPECT_FALSE(slot_.take_back(id, due + milliseconds{1})) << "known, at another time";
      auto taken = slot_.take_back(id, due);
      ASSERT_TRUE(taken);
      EXPECT_EQ(taken->id, id);
      auto [first, last] = model_.equal_range(due);
      model_.erase(std::find_if(first, last, [wanted_id = id](auto& one) { return one.second == wanted_id; }));
    }
    EXPECT_FALSE(slot_.take_back(last_id_ + 1, at(0))) << "unknown";
  }

  void take_back_one() {
    if (model_.empty()) return;
    auto chosen = std::next(model_.begin(), static_cast<std::ptrdiff_t>(random_() % model_.size()));
    auto taken = slot_.take_back(chosen->second, chosen->first);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->id, chosen->second);
    model_.erase(chosen);
  }

  std::mt19937_64 random_{GetParam()};
  uint64_t spread_ = 1 + random_() % 50; // few ticks with many jobs, or many with few
  uint64_t now_ = 1000, last_id_ = 0;
  int64_t alive_ = 0;
  model model_;
  timing_wheel_slot<entry> slot_;
};

TEST_P(timing_wheel_property, is_equal_to_a_multimap) {
  for (int step = 0; step < 2000 && !HasFailure(); ++step) {
    switch (random_() % 20) {
    case 0: take_due(); break;
    case 1: take_back_some(); break;
    case 2:
    case 3: take_back_one(); break;
    default: arm_one();
    }
    ASSERT_EQ(slot_.size(), model_.size());
    ASSERT_EQ(alive_, static_cast<int64_t>(model_.size()));
    ASSERT_EQ(slot_.earliest(), model_.empty() ? std::nullopt : std::optional{model_.begin()->first});
  }
}

INSTANTIATE_TEST_SUITE_P(seeds, timing_wheel_property, testing::Range<uint64_t>(0, 50));

} // namespace
} // namespace wheelwork
