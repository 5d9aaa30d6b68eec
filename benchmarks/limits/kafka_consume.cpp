// The limit for Kafka sources: how fast librdkafka's own loop reads a topic, beside a wheelwork source that takes and
// acknowledges the same messages.
//
//   kafka_consume BROKERS [MESSAGES [BYTES]]
//
// Makes a topic of its own there, fills it, reads it three times each way by turns, and prints messages a second.
#include "actors/system_clock.hpp"
#include "sources/kafka_source.hpp"
#include "tests/support/kafka_tool.hpp"

#include <cstdio>
#include <stdexcept>
#include <unistd.h>

namespace {

using namespace wheelwork;

constexpr int partitions = 4;

double seconds_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

/// From the first message on: joining the group is not what is measured.
class stopwatch {
public:
  void count(size_t more) {
    if (more == 0) return;
    if (seen_ == 0) begun_ = std::chrono::steady_clock::now();
    seen_ += more;
  }
  size_t seen() const { return seen_; }
  double rate() const { return static_cast<double>(seen_) / seconds_since(begun_); }

private:
  size_t seen_ = 0;
  std::chrono::steady_clock::time_point begun_;
};

double bare_loop(const std::string& brokers, const std::string& topic, const std::string& group, size_t messages) {
  auto client = kafka_client::open(kafka_role::consumer, {brokers, {}},
                                   {{{"group.id", group}, {"auto.offset.reset", "earliest"}}, {}});
  if (!client) throw std::runtime_error{client.error()};
  const auto topics = make_kafka_partitions();
  add_partition(topics, topic, RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe((*client)->get(), topics.get());
  stopwatch watch;
  while (watch.seen() < messages) {
    const kafka_message_ptr one{rd_kafka_consumer_poll((*client)->get(), 1000)};
    watch.count(one && !one->err ? 1 : 0);
  }
  return watch.rate();
}

double source_loop(const std::string& brokers, const std::string& topic, const std::string& group, size_t messages) {
  const system_clock clock;
  source_setup setup;
  setup.pool = group;
  setup.from = kafka_source{"a", topic, group};
  setup.dead_letter = topic + ".dead";
  setup.node = "bench";
  setup.clock = &clock;
  auto from = open_kafka_source(setup, 1, {brokers, {}});
  if (!from) throw std::runtime_error{from.error()};
  stopwatch watch;
  std::vector<message_token> done;
  while (watch.seen() < messages) {
    auto news = (*from)->take(200, 1 << 20, milliseconds{1000});
    if (!news) throw std::runtime_error{news.error().message};
    watch.count(news->taken.size());
    done.clear();
    for (const auto& each : news->taken) done.push_back(each.token);
    (*from)->acknowledge(done);
  }
  const double rate = watch.rate();
  if (auto closed = (*from)->close(); !closed) throw std::runtime_error{closed.error().message};
  return rate;
}

} // namespace

int main(int count, char** arguments) try {
  if (count < 2) throw std::runtime_error{"kafka_consume BROKERS [MESSAGES [BYTES]]"};
  const std::string brokers = arguments[1];
  const size_t messages = count > 2 ? std::stoull(arguments[2]) : 1'000'000;
  const size_t bytes = count > 3 ? std::stoull(arguments[3]) : 100;
  const std::string topic = "bench-" + std::to_string(::getpid());
  kafka_tool tool{brokers};
  tool.create_topic(topic, partitions);
  const std::vector<std::string> batch(messages / partitions, std::string(bytes, 'x'));
  for (int partition = 0; partition < partitions; ++partition) tool.produce(topic, partition, batch);
  const size_t all = batch.size() * partitions;
  std::printf("topic %s\n", topic.c_str());
  for (int round = 1; round <= 3; ++round) {
    const std::string group = topic + "-" + std::to_string(round);
    const double bare = bare_loop(brokers, topic, group + "-bare", all);
    const double ours = source_loop(brokers, topic, group + "-source", all);
    std::printf("round %d: bare loop %.0f messages/s, source %.0f messages/s, ratio %.2f\n", round, bare, ours,
                ours / bare);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
