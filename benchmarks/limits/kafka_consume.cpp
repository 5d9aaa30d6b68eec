// The limit for Kafka sources: how fast librdkafka's own loop reads a topic, beside a wheelwork source that takes and
// acknowledges the same messages.
//
//   kafka_consume fill BROKERS TOPIC MESSAGES BYTES          makes the topic and fills it
//   kafka_consume loop|source BROKERS TOPIC GROUP MESSAGES
//
// The last two read it with a group that is new there, and print messages a second.
#include "actors/system_clock.hpp"
#include "sources/kafka_source.hpp"
#include "tests/support/kafka_tool.hpp"

#include <cstdio>
#include <stdexcept>

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

void fill(const std::string& brokers, const std::string& topic, size_t messages, size_t bytes) {
  kafka_tool tool{brokers};
  tool.create_topic(topic, partitions);
  const std::vector<std::string> batch(messages / partitions, std::string(bytes, 'x'));
  for (int partition = 0; partition < partitions; ++partition) tool.produce(topic, partition, batch);
}

} // namespace

int main(int count, char** arguments) try {
  const std::vector<std::string> words{arguments + 1, arguments + count};
  const std::string what = words.empty() ? "" : words[0];
  if (what == "fill" && words.size() == 5) {
    fill(words[1], words[2], std::stoull(words[3]), std::stoull(words[4]));
  } else if ((what == "loop" || what == "source") && words.size() == 5) {
    const auto read = what == "loop" ? bare_loop : source_loop;
    std::printf("%.0f\n", read(words[1], words[2], words[3], std::stoull(words[4])));
  } else {
    throw std::runtime_error{
        "kafka_consume fill BROKERS TOPIC MESSAGES BYTES, or loop|source BROKERS TOPIC GROUP MESSAGES"};
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
