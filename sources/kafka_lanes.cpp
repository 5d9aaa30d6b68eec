#include "sources/kafka_lanes.hpp"

#include <algorithm>

namespace wheelwork {

namespace {

constexpr int64_t no_timestamp = -1; ///< the record has none

int64_t timestamp_of(const rd_kafka_message_t& message) {
  const auto at = kafka_time_of(message);
  return at ? at->time_since_epoch().count() : no_timestamp;
}

} // namespace

void kafka_lanes::add(int32_t partition, std::vector<finished_record> finished) {
  const auto [which, is_new] = lanes_.try_emplace(partition);
  if (is_new) which->second.known.assign(finished.begin(), finished.end());
}

kafka_lanes::remains kafka_lanes::forget(lane_map::iterator which) {
  auto& [partition, from] = *which;
  remains left{partition, {}, {from.uncommitted.begin(), from.uncommitted.end()}};
  for (const auto& each : from.entries)
    if (each.now == state::taken) {
      hands_.erase(each.token);
      left.in_hand.push_back(each.token);
    } else if (each.now == state::finished) {
      left.uncommitted.push_back({each.offset, each.timestamp_ms});
    }
  left.uncommitted.insert(left.uncommitted.end(), from.known.begin(), from.known.end());
  waiting_ -= from.waiting;
  lanes_.erase(which);
  return left;
}

std::vector<message_token> kafka_lanes::leave(int32_t partition) {
  const auto which = lanes_.find(partition);
  if (which == lanes_.end()) return {};
  auto& of = which->second;
  waiting_ -= std::exchange(of.waiting, 0);
  of.leaving = true;
  std::vector<message_token> held;
  for (const auto& each : of.entries)
    if (each.now == state::taken) held.push_back(each.token);
  return held;
}

bool kafka_lanes::in_hand(int32_t partition) const {
  const auto which = lanes_.find(partition);
  if (which == lanes_.end()) return false;
  const auto& entries = which->second.entries;
  return std::any_of(entries.begin(), entries.end(), [](const entry& each) { return each.now == state::taken; });
}

kafka_lanes::remains kafka_lanes::remove(int32_t partition) {
  const auto which = lanes_.find(partition);
  return which == lanes_.end() ? remains{partition, {}, {}} : forget(which);
}

std::vector<kafka_lanes::remains> kafka_lanes::remove_all() {
  std::vector<remains> all;
  while (!lanes_.empty()) all.push_back(forget(lanes_.begin()));
  for (const auto& [token, message] : orphans_) all.push_back({message->partition, {token}, {}});
  orphans_.clear();
  orphans_waiting_.clear();
  return all;
}

kafka_lanes::arrival kafka_lanes::arrive(kafka_message_ptr message) {
  const auto which = lanes_.find(message->partition);
  if (which == lanes_.end() || which->second.leaving) return arrival::repeated;
  auto& into = which->second;
  const int64_t offset = message->offset;
  const int64_t timestamp_ms = timestamp_of(*message);
  auto how = arrival::in_order;
  if (offset <= into.seen_until) {
    const auto seen = look_back(into, offset, timestamp_ms);
    if (seen == before::seen) return arrival::repeated;
    const bool younger = timestamp_ms == no_timestamp || timestamp_ms > into.newest_ms;
    if (seen == before::not_remembered && !younger) return arrival::passed_over;
    cut_off(into, offset);
    how = arrival::log_changed;
  }
  into.seen_until = offset;
  into.newest_ms = std::max(into.newest_ms, timestamp_ms);
  if (was_finished(into, *message)) {
    into.entries.push_back({offset, {}, state::finished, nullptr, into.known.front().timestamp_ms});
    advance(into);
    return how;
  }
  into.entries.push_back({offset, {}, state::waiting, std::move(message)});
  ++into.waiting;
  ++waiting_;
  return how;
}

kafka_lanes::before kafka_lanes::look_back(const lane& in, int64_t offset, int64_t timestamp_ms) {
  const auto earlier = [](const auto& each, int64_t at) { return each.offset < at; };
  const auto entry = std::lower_bound(in.entries.begin(), in.entries.end(), offset, earlier);
  if (entry != in.entries.end() && entry->offset == offset) {
    const auto its = entry->message ? timestamp_of(*entry->message) : entry->timestamp_ms;
    return its == timestamp_ms ? before::seen : before::other_record;
  }
  const auto done = std::lower_bound(in.uncommitted.begin(), in.uncommitted.end(), offset, earlier);
  if (done == in.uncommitted.end() || done->offset != offset) return before::not_remembered;
  return done->timestamp_ms == timestamp_ms ? before::seen : before::other_record;
}

/// What was at this offset and behind it is in the log no longer.
void kafka_lanes::cut_off(lane& at, int64_t offset) {
  std::vector<kafka_message_ptr> waiting;
  while (!at.entries.empty() && at.entries.back().offset >= offset) {
    auto& last = at.entries.back();
    if (last.now == state::taken) {
      hands_.erase(last.token);
      orphans_.emplace(last.token, std::move(last.message));
    } else if (last.now == state::waiting) {
      waiting.push_back(std::move(last.message));
    }
    at.entries.pop_back();
  }
  at.waiting -= waiting.size();
  waiting_ -= waiting.size();
  orphans_waiting_.insert(orphans_waiting_.end(), std::make_move_iterator(waiting.rbegin()),
                          std::make_move_iterator(waiting.rend()));
  while (!at.uncommitted.empty() && at.uncommitted.back().offset >= offset) at.uncommitted.pop_back();
  for (auto* position : {&at.finished_until, &at.asked, &at.written}) *position = std::min(*position, offset);
}

bool kafka_lanes::was_finished(lane& of, const rd_kafka_message_t& arrived) {
  while (!of.known.empty() && of.known.front().offset < arrived.offset) of.known.pop_front();
  if (of.known.empty() || of.known.front().offset != arrived.offset) return false;
  const auto timestamp_ms = timestamp_of(arrived);
  return timestamp_ms != no_timestamp && timestamp_ms == of.known.front().timestamp_ms;
}

/// What is finished without a gap may be committed.
void kafka_lanes::advance(lane& of) {
  while (!of.entries.empty() && of.entries.front().now == state::finished) {
    const auto& first = of.entries.front();
    of.finished_until = first.offset + 1;
    of.uncommitted.push_back({first.offset, first.timestamp_ms});
    if (of.uncommitted.size() > uncommitted_records::size_max) of.uncommitted.pop_front();
    of.entries.pop_front();
  }
}

kafka_lanes::queue kafka_lanes::longest() const {
  queue found;
  for (const auto& [partition, each] : lanes_)
    if (each.entries.size() > found.size) found = {partition, each.entries.front().offset, each.entries.size()};
  return found;
}

kafka_lanes::record kafka_lanes::take() {
  if (!orphans_waiting_.empty()) {
    const message_token token{++last_token_};
    const auto taken = orphans_.emplace(token, std::move(orphans_waiting_.front())).first;
    orphans_waiting_.pop_front();
    return {token, taken->second.get()};
  }
  if (waiting_ == 0) return {};
  for (auto& [partition, from] : lanes_) {
    if (from.waiting == 0) continue;
    // Most often all before is in hand and only the last one waits.
    const bool last_only = from.waiting == 1 && from.entries.back().now == state::waiting;
    const auto next = last_only ? from.entries.end() - 1
                                : std::find_if(from.entries.begin(), from.entries.end(),
                                               [](const entry& each) { return each.now == state::waiting; });
    next->now = state::taken;
    next->token = message_token{++last_token_};
    hands_.emplace(next->token, place{partition, next->offset});
    --from.waiting;
    --waiting_;
    return {next->token, next->message.get()};
  }
  return {};
}

kafka_lanes::entry* kafka_lanes::find_entry(message_token token) {
  const auto hand = hands_.find(token);
  if (hand == hands_.end()) return nullptr;
  auto& entries = lanes_.at(hand->second.partition).entries;
  const auto found = std::lower_bound(entries.begin(), entries.end(), hand->second.offset,
                                      [](const entry& each, int64_t offset) { return each.offset < offset; });
  return &*found;
}

const rd_kafka_message_t* kafka_lanes::find(message_token token) const {
  if (const auto orphan = orphans_.find(token); orphan != orphans_.end()) return orphan->second.get();
  const auto* found = const_cast<kafka_lanes*>(this)->find_entry(token);
  return found ? found->message.get() : nullptr;
}

void kafka_lanes::finish(message_token token) {
  if (orphans_.erase(token) > 0) return;
  auto* const found = find_entry(token);
  if (!found) return;
  auto& of = lanes_.at(found->message->partition);
  hands_.erase(token);
  found->now = state::finished;
  found->timestamp_ms = timestamp_of(*found->message);
  found->message.reset();
  advance(of);
}

void kafka_lanes::give_back(message_token token) {
  if (const auto orphan = orphans_.extract(token)) {
    orphans_waiting_.push_front(std::move(orphan.mapped()));
    return;
  }
  auto* const found = find_entry(token);
  if (!found) return;
  auto& of = lanes_.at(found->message->partition);
  hands_.erase(token);
  found->now = state::waiting;
  if (of.leaving) return;
  ++of.waiting;
  ++waiting_;
}

std::vector<kafka_lanes::position> kafka_lanes::to_write() const {
  std::vector<position> wanted;
  for (const auto& [partition, each] : lanes_)
    if (each.finished_until > std::max(each.asked, each.written)) wanted.push_back({partition, each.finished_until});
  return wanted;
}

std::vector<kafka_lanes::position> kafka_lanes::unwritten() const {
  std::vector<position> wanted;
  for (const auto& [partition, each] : lanes_)
    if (each.finished_until > each.written) wanted.push_back({partition, each.finished_until});
  return wanted;
}

void kafka_lanes::asked(const position& at) {
  if (const auto which = lanes_.find(at.partition); which != lanes_.end()) which->second.asked = at.offset;
}

void kafka_lanes::written(const position& at) {
  const auto which = lanes_.find(at.partition);
  if (which == lanes_.end()) return;
  auto& of = which->second;
  of.written = std::max(of.written, at.offset);
  while (!of.uncommitted.empty() && of.uncommitted.front().offset < of.written) of.uncommitted.pop_front();
}

void kafka_lanes::not_written(int32_t partition) {
  if (const auto which = lanes_.find(partition); which != lanes_.end()) which->second.asked = which->second.written;
}

} // namespace wheelwork
