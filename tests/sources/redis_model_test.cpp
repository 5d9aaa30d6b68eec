// Consumers that take, acknowledge, give back, bury and die at random, against a model: nothing is lost.
#include "tests/sources/source_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace wheelwork::source_test {
namespace {

struct living_consumer {
  std::unique_ptr<source> at;
  std::map<message_token, std::string> hand; ///< and the text
};

class random_life {
public:
  random_life(redis_server& server, source_definition from, uint32_t seed)
      : server_{server}, pool_{server, std::move(from)}, random_{seed} {
    pool_.setup.consumer_lease = milliseconds{30};
    monitor_ = pool_.monitor();
  }

  void live(int steps) {
    for (int step = 0; step < steps; ++step) act();
  }

  /// Takes and acknowledges all that is there.
  void finish() {
    consumers_.clear(); // they all die
    auto last = pool_.consumer(1000);
    until("the end of the backlog", [&] {
      auto news = take(*last);
      for (auto& each : news.taken) ended_.insert(each.bytes);
      acknowledge(*last, tokens(news));
      const auto late = keep_alive(*last);
      for (auto& each : late.taken) ended_.insert(each.bytes);
      acknowledge(*last, tokens(late));
      const auto left = look(*monitor_);
      return left.waiting + left.in_hand == 0;
    });
    end_the_dead();
    std::vector<std::string> missing;
    std::set_difference(pushed_.begin(), pushed_.end(), ended_.begin(), ended_.end(), std::back_inserter(missing));
    EXPECT_THAT(missing, ::testing::IsEmpty());
    EXPECT_EQ(ended_.size(), pushed_.size());
  }

private:
  /// Entries of a stream whose consumers died too often.
  void end_the_dead() {
    if (of_list()) return;
    for (const auto& letter : server_.list({"XRANGE", "orders:dead", "-", "+"})) {
      const auto text = letter.find("\nn\n") + 3; // the only field
      ended_.insert(R"({"n":")" + letter.substr(text, letter.find('\n', text) - text) + R"("})");
      EXPECT_THAT(letter, ::testing::HasSubstr("wheelwork_reason\ncrashed_consumer\n"));
    }
  }

  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }
  bool of_list() const { return std::holds_alternative<redis_list_source>(pool_.setup.from); }

  void push() {
    const std::string text = std::to_string(pushed_.size());
    if (of_list())
      server_.run({"LPUSH", "orders", text});
    else
      server_.run({"XADD", "orders", "*", "n", text});
    pushed_.insert(of_list() ? text : R"({"n":")" + text + R"("})");
  }

  void act() {
    const auto what = below(12);
    if (what < 4) return push();
    if (what == 4) return void(look(*monitor_));
    if (consumers_.size() < 3) consumers_.push_back({pool_.consumer(next_number_++), {}});
    auto& mine = consumers_[below(static_cast<uint32_t>(consumers_.size()))];
    if (what < 8) return note(mine, take(*mine.at, 1 + below(5)));
    if (what == 8) return note(mine, keep_alive(*mine.at));
    if (what == 9) {
      std::swap(mine, consumers_.back()); // it dies
      return consumers_.pop_back();
    }
    end_some(mine, what);
  }

  static void note(living_consumer& mine, const source_news& news) {
    for (const auto token : news.lost) mine.hand.erase(token);
    for (const auto& each : news.taken) mine.hand[each.token] = each.bytes;
  }

  void end_some(living_consumer& mine, uint32_t how) {
    std::vector<message_token> some;
    for (const auto& [token, text] : mine.hand)
      if (below(2) == 0) some.push_back(token);
    if (how == 10) {
      for (const auto token : some) ended_.insert(mine.hand[token]);
      acknowledge(*mine.at, some);
    } else {
      give_back(*mine.at, some);
    }
    for (const auto token : some) mine.hand.erase(token);
  }

  redis_server& server_;
  redis_pool pool_;
  std::mt19937 random_;
  std::unique_ptr<source_monitor> monitor_;
  std::vector<living_consumer> consumers_;
  uint32_t next_number_ = 0;
  std::set<std::string> pushed_, ended_;
};

class redis_model_test : public ::testing::TestWithParam<uint32_t> {};

TEST_P(redis_model_test, of_a_list_nothing_is_lost) {
  redis_server server;
  random_life life{server, list_named("orders"), GetParam()};
  life.live(1500);
  life.finish();
}

TEST_P(redis_model_test, of_a_stream_nothing_is_lost) {
  redis_server server;
  random_life life{server, stream_named("orders"), GetParam()};
  life.live(1000);
  life.finish();
}

INSTANTIATE_TEST_SUITE_P(seeds, redis_model_test, ::testing::Range(1u, 6u));

} // namespace
} // namespace wheelwork::source_test
