#include "sources/kafka_lanes.hpp"

#include <algorithm>

namespace wheelwork {

void kafka_lanes::add(int32_t partition) { lanes_.try_emplace(partition); }

std::vector<message_token> kafka_lanes::forget(lane_map::iterator which) {
  std::vector<message_token> lost;
  for (const auto& each : which->second.entries)
    if (each.now == state::taken) {
      hands_.erase(each.token);
      lost.push_back(each.token);
    }
  waiting_ -= which->second.waiting;
  lanes_.erase(which);
  return lost;
}

std::vector<message_token> kafka_lanes::remove(int32_t partition) {
  const auto which = lanes_.find(partition);
  return which == lanes_.end() ? std::vector<message_token>{} : forget(which);
}

std::vector<message_token> kafka_lanes::remove_all() {
  std::vector<message_token> lost;
  while (!lanes_.empty()) {
    const auto some = forget(lanes_.begin());
    lost.insert(lost.end(), some.begin(), some.end());
  }
  return lost;
}

void kafka_lanes::arrive(kafka_message_ptr message) {
  const auto which = lanes_.find(message->partition);
  if (which == lanes_.end()) return;
  auto& into = which->second;
  const int64_t offset = message->offset;
  if (offset <= into.seen_until) return;
  into.seen_until = offset;
  into.entries.push_back({offset, {}, state::waiting, std::move(message)});
  ++into.waiting;
  ++waiting_;
}

kafka_lanes::queue kafka_lanes::longest() const {
  queue found;
  for (const auto& [partition, each] : lanes_)
    if (each.entries.size() > found.size) found = {partition, each.entries.front().offset, each.entries.size()};
  return found;
}

kafka_lanes::record kafka_lanes::take() {
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
  const auto* found = const_cast<kafka_lanes*>(this)->find_entry(token);
  return found ? found->message.get() : nullptr;
}

void kafka_lanes::finish(message_token token) {
  auto* const found = find_entry(token);
  if (!found) return;
  auto& of = lanes_.at(found->message->partition);
  hands_.erase(token);
  found->now = state::finished;
  found->message.reset();
  while (!of.entries.empty() && of.entries.front().now == state::finished) {
    of.finished_until = of.entries.front().offset + 1;
    of.entries.pop_front();
  }
}

void kafka_lanes::give_back(message_token token) {
  auto* const found = find_entry(token);
  if (!found) return;
  hands_.erase(token);
  found->now = state::waiting;
  ++lanes_.at(found->message->partition).waiting;
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
  which->second.written = std::max(which->second.written, at.offset);
}

void kafka_lanes::not_written(int32_t partition) {
  if (const auto which = lanes_.find(partition); which != lanes_.end()) which->second.asked = which->second.written;
}

} // namespace wheelwork
