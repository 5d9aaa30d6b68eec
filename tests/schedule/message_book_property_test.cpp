// The book against a model that is too simple to be wrong: one list of messages, searched from its begin each time.
#include "schedule/message_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace wheelwork {
namespace {

using numbers = std::vector<uint64_t>;

struct known_message {
  uint64_t number;
  message_place place;
  enum { fresh, in_flight, waiting, over, gone } now = fresh;
  int64_t retry_at = 0;
  uint32_t attempts = 0;
  bool revoked = false;
  bool lost = false;

  bool unfinished() const { return now != over && now != gone; }
};

class model {
public:
  model(lane_order order, acknowledging kind, size_t limit) : order_{order}, kind_{kind}, limit_{limit} {}

  void taken(uint64_t number, const message_place& place) {
    all_.push_back({number, place});
    note_ready();
  }

  std::optional<message_start> start_next(int64_t now) {
    if (count(known_message::in_flight) >= limit_) return std::nullopt;
    known_message* best = nullptr;
    for (auto& one : all_)
      if (one.now == known_message::waiting && one.retry_at <= now && (!best || one.retry_at < best->retry_at))
        best = &one;
    if (!best) {
      if (ready_.empty()) return std::nullopt;
      best = &find(ready_.front());
      ready_.erase(ready_.begin());
    }
    best->now = known_message::in_flight;
    return message_start{best->number, ++best->attempts};
  }

  void over(uint64_t number) {
    auto& one = find(number);
    bool ours = !one.revoked && !one.lost;
    one.now = ours ? known_message::over : known_message::gone;
    if (ours) finished.push_back(number);
    note_ready();
  }

  void wait(uint64_t number, int64_t retry_at, bool counts) {
    auto& one = find(number);
    if (one.revoked || one.lost) return over(number);
    one.now = known_message::waiting;
    one.retry_at = retry_at;
    if (!counts) --one.attempts;
  }

  numbers give_back(bool waiting_too) {
    numbers given;
    for (auto& one : all_)
      if (one.now == known_message::fresh || (waiting_too && one.now == known_message::waiting)) {
        one.now = known_message::gone;
        given.push_back(one.number);
      }
    ready_.clear();
    note_ready();
    return given;
  }

  numbers revoke(int32_t partition) {
    numbers given;
    for (auto& one : all_) {
      if (one.place.partition != partition) continue;
      if (one.unfinished() && !one.revoked && !one.lost) given.push_back(one.number);
      if (one.now != known_message::in_flight) one.now = known_message::gone;
      one.revoked = true;
    }
    ready_.clear();
    note_ready();
    return given;
  }

  numbers lose(const numbers& lost) {
    numbers given;
    for (auto number : lost) {
      auto found = std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one.number == number; });
      if (found == all_.end() || !found->unfinished() || found->lost || found->revoked) continue;
      given.push_back(number);
      found->lost = true;
      if (found->now != known_message::in_flight) found->now = known_message::gone;
    }
    ready_.clear();
    note_ready();
    return given;
  }

  /// The position up to which all that belongs to us is over, if any.
  std::map<int32_t, int64_t> prefixes() const {
    std::map<int32_t, int64_t> found;
    std::map<int32_t, bool> ended;
    for (const auto& one : all_) {
      if (one.revoked) continue;
      if (one.now != known_message::over) ended[one.place.partition] = true;
      if (!ended[one.place.partition]) found[one.place.partition] = one.place.position;
    }
    return found;
  }

  size_t in_hand() const {
    auto before = prefixes();
    return static_cast<size_t>(std::count_if(all_.begin(), all_.end(), [&](const auto& one) {
      if (one.now != known_message::over) return one.unfinished();
      auto prefix = before.find(one.place.partition);
      bool inside = prefix != before.end() && one.place.position <= prefix->second;
      return kind_ == acknowledging::prefix && !inside;
    }));
  }

  size_t unfinished() const {
    return static_cast<size_t>(
        std::count_if(all_.begin(), all_.end(), [](const auto& one) { return one.unfinished(); }));
  }

  template <class State>
  size_t count(State state) const {
    return static_cast<size_t>(
        std::count_if(all_.begin(), all_.end(), [&](const auto& one) { return one.now == state; }));
  }

  template <class State>
  numbers those(State state) const {
    numbers found;
    for (const auto& one : all_)
      if (one.now == state) found.push_back(one.number);
    return found;
  }

  numbers finished;

private:
  known_message& find(uint64_t number) {
    return *std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one.number == number; });
  }

  bool may_start(const known_message& one) const {
    if (one.now != known_message::fresh) return false;
    if (order_ == lane_order::none) return true;
    return std::none_of(all_.begin(), all_.end(), [&](const auto& other) {
      return other.number < one.number && other.place.lane == one.place.lane && other.unfinished();
    });
  }

  void note_ready() {
    for (const auto& one : all_)
      if (may_start(one) && std::find(ready_.begin(), ready_.end(), one.number) == ready_.end())
        ready_.push_back(one.number);
  }

  lane_order order_;
  acknowledging kind_;
  size_t limit_;
  std::vector<known_message> all_;
  numbers ready_;
};

/// One random life of a book, compared with the model after each step.
class life {
public:
  life(uint64_t seed, lane_order order, acknowledging kind)
      : random_{seed}, limit_{1 + seed % 4}, kind_{kind}, book_{order, kind, {.in_flight = limit_, .in_hand = 20}},
        model_{order, kind, limit_} {}

  void step() {
    auto choice = draw(100);
    if (choice < 35)
      take();
    else if (choice < 65)
      start();
    else if (choice < 92)
      end();
    else if (choice < 97)
      now_ += static_cast<int64_t>(draw(30));
    else if (choice < 98)
      revoke();
    else if (draw(2) == 0)
      lose();
    else if (draw(10) == 0)
      give_back(draw(2) == 0);
    compare();
  }

private:
  uint64_t draw(uint64_t below) { return std::uniform_int_distribution<uint64_t>{0, below - 1}(random_); }
  static steady_time at(int64_t ms) { return steady_time{} + milliseconds{ms}; }

  void take() {
    if (book_.room() == 0) return;
    next_ += 1 + draw(3);
    message_place place{.lane = static_cast<int64_t>(draw(5)),
                        .partition = static_cast<int32_t>(draw(3)),
                        .position = static_cast<int64_t>(next_),
                        .bytes = 1};
    ASSERT_TRUE(book_.taken(next_, place));
    model_.taken(next_, place);
  }

  void start() { ASSERT_EQ(book_.start_next(at(now_)), model_.start_next(now_)); }

  void end() {
    auto flying = model_.those(known_message::in_flight);
    if (flying.empty()) return;
    auto number = flying[draw(flying.size())];
    auto later = now_ + static_cast<int64_t>(draw(50));
    auto how = draw(4);
    if (how < 2) {
      ASSERT_TRUE(how == 0 ? book_.succeeded(number) : book_.given_up(number));
      model_.over(number);
    } else {
      ASSERT_TRUE(how == 2 ? book_.failed(number, at(later)) : book_.not_started(number, at(later)));
      model_.wait(number, later, how == 2);
    }
  }

  void revoke() {
    auto partition = static_cast<int32_t>(draw(3));
    ASSERT_EQ(book_.revoke(partition), model_.revoke(partition));
    told_.erase(partition);
    book_.take_prefixes();
  }

  void lose() {
    numbers lost;
    for (uint64_t number = 1; number <= next_ + 1; ++number)
      if (draw(30) == 0) lost.push_back(number);
    ASSERT_EQ(book_.lose(lost), model_.lose(lost));
  }

  void give_back(bool waiting_too) {
    ASSERT_EQ(waiting_too ? book_.give_back_all() : book_.give_back_untouched(), model_.give_back(waiting_too));
  }

  void compare() {
    ASSERT_EQ(book_.take_finished(), std::exchange(model_.finished, {}));
    ASSERT_EQ(book_.in_flight(), model_.count(known_message::in_flight));
    ASSERT_EQ(book_.waiting_for_retry(), model_.count(known_message::waiting));
    ASSERT_EQ(book_.unfinished(), model_.unfinished());
    ASSERT_EQ(book_.in_hand(), model_.in_hand());
    for (auto [partition, position] : book_.take_prefixes()) told_[partition] = position;
    if (kind_ == acknowledging::prefix) {
      ASSERT_EQ(told_, model_.prefixes());
    } else {
      ASSERT_TRUE(told_.empty());
    }
  }

  std::mt19937_64 random_;
  size_t limit_;
  acknowledging kind_;
  message_book book_;
  model model_;
  std::map<int32_t, int64_t> told_;
  uint64_t next_ = 0;
  int64_t now_ = 0;
};

TEST(message_book_property, does_what_a_naive_model_does) {
  for (auto order : {lane_order::none, lane_order::kept})
    for (auto kind : {acknowledging::each, acknowledging::prefix})
      for (uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(testing::Message() << "order " << static_cast<int>(order) << ", kind " << static_cast<int>(kind)
                                        << ", seed " << seed);
        life one{seed, order, kind};
        for (int step = 0; step < 400 && !testing::Test::HasFatalFailure(); ++step) one.step();
        if (testing::Test::HasFatalFailure()) return;
      }
}

} // namespace
} // namespace wheelwork
