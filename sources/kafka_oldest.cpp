#include "sources/kafka_oldest.hpp"

#include <algorithm>

namespace wheelwork {

namespace {

constexpr milliseconds read_pause{5000};
constexpr milliseconds read_wait{500};
constexpr int poll_wait_ms = 100;

} // namespace

void kafka_oldest::read(const kafka_client& client, const std::string& topic, std::map<int32_t, int64_t> wanted,
                        const clock_source& clock) {
  const auto list = make_kafka_partitions();
  for (const auto& [partition, offset] : wanted) add_partition(list, topic, partition, offset);
  if (rd_kafka_assign(client.get(), list.get())) return;
  const auto until = clock.steady_now() + read_wait;
  while (!wanted.empty() && clock.steady_now() < until) {
    const kafka_message_ptr message{rd_kafka_consumer_poll(client.get(), poll_wait_ms)};
    if (!message || message->err) continue;
    const auto found = wanted.find(message->partition);
    if (found == wanted.end()) continue;
    if (const auto at = kafka_time_of(*message)) known_[found->first] = {found->second, *at};
    wanted.erase(found);
  }
  rd_kafka_assign(client.get(), nullptr);
}

std::optional<wall_time> kafka_oldest::look(const kafka_client& client, const std::string& topic,
                                            const std::vector<kafka_lanes::position>& firsts,
                                            const clock_source& clock) {
  std::map<int32_t, int64_t> wanted;
  for (const auto& each : firsts) wanted.emplace(each.partition, each.offset);
  std::erase_if(known_, [&](const auto& each) { return !wanted.contains(each.first); });
  std::erase_if(wanted, [&](const auto& each) {
    const auto found = known_.find(each.first);
    return found != known_.end() && found->second.asked_at == each.second;
  });
  const auto now = clock.steady_now();
  if (!wanted.empty() && (!last_read_ || now - *last_read_ >= read_pause)) {
    last_read_ = now;
    read(client, topic, std::move(wanted), clock);
  }
  std::optional<wall_time> oldest;
  for (const auto& [partition, first] : known_)
    oldest = std::min(oldest.value_or(first.produced_at), first.produced_at);
  return oldest;
}

} // namespace wheelwork
