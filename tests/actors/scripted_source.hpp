// A backlog in memory that keeps the books: what was taken, acknowledged, buried, given back. Tests make it fail, lose
// messages and throw.
#pragma once

#include "sources/source.hpp"

#include <deque>
#include <functional>
#include <map>
#include <stdexcept>

namespace wheelwork::testing {

struct scripted_backlog {
  struct waiting_message {
    std::string bytes;
    int32_t lane = 0;
    std::string key;
    uint32_t deliveries = 1;
  };
  std::deque<waiting_message> waiting;
  std::map<uint64_t, waiting_message> in_hand; ///< by token
  std::vector<std::string> acknowledged, given_back;
  bool keeps_given_back = false; ///< for another consumer, which the test does not play
  std::vector<std::pair<std::string, dead_message>> buried;
  std::map<std::string, int> begun;   ///< attempts at suspects that have not ended
  std::string failure;                ///< each call fails
  bool crash = false;                 ///< the next take throws
  std::vector<message_token> to_lose; ///< told with the next take or sign of life
  std::vector<message_token> to_want; ///< the same of those whose place is to go to another
  uint64_t next_token = 1;
  size_t open = 0; ///< consumers
  size_t calls = 0;
  uint64_t recovered = 0;
  uint64_t keeps = 0; ///< beside `waiting`, for nobody to take
  bool at_work = true;
  std::optional<uint32_t> partitions;
  std::vector<source_setup> opened;
  std::function<void()> on_empty_take; ///< as a source that waits for its first message

  void add(const std::string& bytes, int32_t lane = 0, const std::string& key = {}) {
    waiting.push_back({bytes, lane, key, 1});
  }
};

class scripted_source final : public source {
public:
  explicit scripted_source(std::shared_ptr<scripted_backlog> backlog) : backlog_{std::move(backlog)} {
    ++backlog_->open;
  }
  ~scripted_source() override { --backlog_->open; }

  result<source_news, source_failure> take(size_t at_most, size_t, milliseconds) override {
    if (backlog_->crash) {
      backlog_->crash = false;
      throw std::runtime_error{"the test lets the source crash"};
    }
    auto news = call();
    if (!news) return news;
    if (backlog_->waiting.empty() && backlog_->on_empty_take) backlog_->on_empty_take();
    while (news->taken.size() < at_most && !backlog_->waiting.empty()) {
      taken_message one;
      one.token = message_token{backlog_->next_token};
      one.bytes = backlog_->waiting.front().bytes;
      one.lane = backlog_->waiting.front().lane;
      one.key = backlog_->waiting.front().key;
      one.deliveries = backlog_->waiting.front().deliveries;
      backlog_->in_hand[backlog_->next_token++] = backlog_->waiting.front();
      backlog_->waiting.pop_front();
      mine_.push_back(one.token);
      news->taken.push_back(std::move(one));
    }
    return news;
  }
  result<source_news, source_failure> keep_alive() override { return call(); }
  void acknowledge(std::span<const message_token> done) override {
    pending_.insert(pending_.end(), done.begin(), done.end());
  }
  result<void, source_failure> bury(std::span<const dead_message> dead) override {
    if (auto news = call(); !news) return failure(news.error());
    for (const auto& one : dead) {
      const auto found = backlog_->in_hand.find(static_cast<uint64_t>(one.token));
      backlog_->buried.emplace_back(found->second.bytes, one);
      backlog_->in_hand.erase(found);
    }
    return {};
  }
  result<void, source_failure> give_back(std::span<const message_token> untouched) override {
    if (auto news = call(); !news) return failure(news.error());
    for (auto at = untouched.rbegin(); at != untouched.rend(); ++at) {
      const auto found = backlog_->in_hand.find(static_cast<uint64_t>(*at));
      backlog_->given_back.insert(backlog_->given_back.begin(), found->second.bytes);
      if (!backlog_->keeps_given_back) backlog_->waiting.push_front(found->second);
      backlog_->in_hand.erase(found);
    }
    return {};
  }
  result<void, source_failure> attempt_begins(message_token suspect) override {
    if (auto news = call(); !news) return failure(news.error());
    ++backlog_->begun[backlog_->in_hand.at(static_cast<uint64_t>(suspect)).bytes];
    return {};
  }
  result<void, source_failure> attempt_ended(message_token suspect) override {
    --backlog_->begun[backlog_->in_hand.at(static_cast<uint64_t>(suspect)).bytes];
    return {};
  }
  result<void, source_failure> close() override {
    if (auto news = call(); !news) return failure(news.error());
    return {};
  }
  bool is_at_work() const override { return backlog_->at_work; }

private:
  result<source_news, source_failure> call() {
    ++backlog_->calls;
    if (!backlog_->failure.empty()) return failure(source_failure{backlog_->failure});
    for (const auto token : pending_) {
      const auto found = backlog_->in_hand.find(static_cast<uint64_t>(token));
      if (found == backlog_->in_hand.end()) continue;
      backlog_->acknowledged.push_back(found->second.bytes);
      backlog_->in_hand.erase(found);
    }
    pending_.clear();
    source_news news;
    std::swap(news.lost, backlog_->to_lose);
    std::swap(news.wanted, backlog_->to_want);
    return news;
  }

  std::shared_ptr<scripted_backlog> backlog_;
  std::vector<message_token> pending_, mine_;
};

class scripted_monitor final : public source_monitor {
public:
  explicit scripted_monitor(std::shared_ptr<scripted_backlog> backlog) : backlog_{std::move(backlog)} {}
  result<backlog, source_failure> look() override {
    if (!backlog_->failure.empty()) return failure(source_failure{backlog_->failure});
    backlog seen;
    seen.waiting = backlog_->waiting.size() + backlog_->keeps;
    seen.in_hand = backlog_->in_hand.size();
    seen.partitions = backlog_->partitions;
    seen.recovered = std::exchange(backlog_->recovered, 0);
    return seen;
  }

private:
  std::shared_ptr<scripted_backlog> backlog_;
};

} // namespace wheelwork::testing
