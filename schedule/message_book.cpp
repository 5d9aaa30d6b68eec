#include "schedule/message_book.hpp"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace wheelwork {

message_book::message_book(lane_order order, acknowledging kind, const message_limits& limits)
    : order_{order}, kind_{kind}, limits_{limits} {}

size_t message_book::room() const {
  bool full = messages_.size() >= limits_.in_hand || bytes_ >= limits_.bytes_in_hand;
  return full ? (messages_.empty() ? 1 : 0) : limits_.in_hand - messages_.size();
}

bool message_book::taken(uint64_t number, const message_place& place) {
  if (latest_ && number <= *latest_) return false;
  latest_ = number;
  auto& one = messages_[number];
  one.place = place;
  bytes_ += place.bytes;
  ++unfinished_;
  if (kind_ == acknowledging::prefix) partitions_[place.partition].numbers.push_back(number);
  stand_in_line(number, one);
  return true;
}

/// Puts it behind the last one of its lane, or among those that may start.
void message_book::stand_in_line(uint64_t number, message& one) {
  if (order_ == lane_order::kept) {
    auto [found, alone] = lanes_.try_emplace(one.place.lane, lane{number, number});
    if (!alone) {
      messages_.find(found->second.last)->second.behind = number;
      found->second.last = number;
      return;
    }
  }
  if (one.now == phase::fresh) ready_.push_back(number);
}

/// Takes the first one of its lane out of it; the one behind it may start.
void message_book::leave_line(message_map::iterator found) {
  if (order_ != lane_order::kept) return;
  auto place = lanes_.find(found->second.place.lane);
  if (place->second.last == found->first) {
    lanes_.erase(place);
    return;
  }
  place->second.first = found->second.behind;
  ready_.push_back(found->second.behind);
}

std::optional<message_start> message_book::start_next(steady_time now) {
  if (in_flight_ >= limits_.in_flight) return std::nullopt;
  uint64_t number = 0;
  if (!retries_.empty() && retries_.front().at <= now) {
    number = retries_.front().number;
    std::pop_heap(retries_.begin(), retries_.end(), std::greater<>{});
    retries_.pop_back();
    --waiting_;
  } else if (!ready_.empty()) {
    number = ready_.front();
    ready_.pop_front();
  } else {
    return std::nullopt;
  }
  auto& one = messages_.find(number)->second;
  one.now = phase::in_flight;
  ++in_flight_;
  return message_start{number, ++one.attempts};
}

std::optional<steady_time> message_book::next_retry() const {
  if (retries_.empty() || in_flight_ >= limits_.in_flight) return std::nullopt;
  return retries_.front().at;
}

message_book::message_map::iterator message_book::in_flight(uint64_t number) {
  auto found = messages_.find(number);
  return found != messages_.end() && found->second.now == phase::in_flight ? found : messages_.end();
}

bool message_book::over(uint64_t number) {
  auto found = in_flight(number);
  if (found == messages_.end()) return false;
  --in_flight_;
  --unfinished_;
  bytes_ -= found->second.place.bytes;
  leave_line(found);
  bool revoked = found->second.revoked;
  if (!revoked) finished_.push_back(number);
  if (revoked || kind_ == acknowledging::each) {
    messages_.erase(found);
    return true;
  }
  found->second.now = phase::over;
  advance(found->second.place.partition);
  return true;
}

bool message_book::failed(uint64_t number, steady_time retry_at) { return wait(number, retry_at, true); }

bool message_book::not_started(uint64_t number, steady_time again_at) { return wait(number, again_at, false); }

bool message_book::wait(uint64_t number, steady_time retry_at, bool counts) {
  auto found = in_flight(number);
  if (found == messages_.end()) return false;
  if (found->second.revoked) return over(number); // its new owner tries again
  --in_flight_;
  ++waiting_;
  auto& one = found->second;
  one.now = phase::waiting;
  one.retry_at = retry_at;
  if (!counts) --one.attempts;
  retries_.push_back({retry_at, number});
  std::push_heap(retries_.begin(), retries_.end(), std::greater<>{});
  return true;
}

/// Lets the prefix of a partition grow over the messages that are over.
void message_book::advance(int32_t of) {
  auto place = partitions_.find(of);
  auto& one = place->second;
  while (!one.numbers.empty()) {
    auto found = messages_.find(one.numbers.front());
    if (found == messages_.end() || found->second.now != phase::over) return; // given back, or not over
    one.position = found->second.place.position;
    if (!std::exchange(one.grew, true)) grown_.push_back(of);
    messages_.erase(found);
    one.numbers.pop_front();
  }
}

std::vector<uint64_t> message_book::take_finished() { return std::exchange(finished_, {}); }

std::vector<partition_prefix> message_book::take_prefixes() {
  std::vector<partition_prefix> prefixes;
  for (auto id : std::exchange(grown_, {})) {
    auto found = partitions_.find(id);
    if (found == partitions_.end() || !std::exchange(found->second.grew, false)) continue; // revoked since
    prefixes.push_back({id, found->second.position});
  }
  return prefixes;
}

/// Takes messages out of hand, wherever they stand, and returns those that were not over.
template <class Predicate>
std::vector<uint64_t> message_book::take_out(Predicate wanted) {
  std::vector<uint64_t> taken;
  absl::erase_if(messages_, [&](const auto& entry) {
    if (!wanted(entry.first, entry.second)) return false;
    if (entry.second.now != phase::over) {
      bytes_ -= entry.second.place.bytes;
      taken.push_back(entry.first);
    }
    return true;
  });
  unfinished_ -= taken.size();
  std::sort(taken.begin(), taken.end());
  line_up_again();
  return taken;
}

/// Takes messages out of hand that are not ours any more, and marks those of them whose attempt goes on.
template <class Predicate>
std::vector<uint64_t> message_book::take_away(Predicate wanted) {
  std::vector<uint64_t> flying;
  for (auto& [number, one] : messages_)
    if (one.now == phase::in_flight && wanted(number, one) && !std::exchange(one.revoked, true))
      flying.push_back(number);
  auto all =
      take_out([&](uint64_t number, const message& one) { return one.now != phase::in_flight && wanted(number, one); });
  all.insert(all.end(), flying.begin(), flying.end());
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<uint64_t> message_book::give_back_untouched() {
  return take_out([](uint64_t, const message& one) { return one.now == phase::fresh; });
}

std::vector<uint64_t> message_book::give_back_all() {
  return take_out([](uint64_t, const message& one) { return one.now == phase::fresh || one.now == phase::waiting; });
}

std::vector<uint64_t> message_book::give_back(std::span<const uint64_t> wanted) {
  const absl::flat_hash_set<uint64_t> numbers{wanted.begin(), wanted.end()};
  return take_out([&](uint64_t number, const message& one) {
    return (one.now == phase::fresh || one.now == phase::waiting) && numbers.contains(number);
  });
}

std::vector<uint64_t> message_book::revoke(int32_t from) {
  auto all = take_away([from](uint64_t, const message& one) { return one.place.partition == from; });
  partitions_.erase(from);
  return all;
}

std::vector<uint64_t> message_book::lose(std::span<const uint64_t> gone) {
  absl::flat_hash_set<uint64_t> numbers{gone.begin(), gone.end()};
  return take_away(
      [&](uint64_t number, const message& one) { return one.now != phase::over && numbers.contains(number); });
}

/// Builds lanes, those ready and the retries anew from what is left.
void message_book::line_up_again() {
  ready_.clear();
  retries_.clear();
  lanes_.clear();
  std::vector<uint64_t> left;
  for (const auto& [number, one] : messages_)
    if (one.now != phase::over) left.push_back(number);
  std::sort(left.begin(), left.end());
  for (auto number : left) {
    auto& one = messages_.find(number)->second;
    stand_in_line(number, one);
    if (one.now == phase::waiting) retries_.push_back({one.retry_at, number});
  }
  std::make_heap(retries_.begin(), retries_.end(), std::greater<>{});
  waiting_ = retries_.size();
}

} // namespace wheelwork
