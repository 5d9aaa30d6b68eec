#include "tests/sources/topic_fixture.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <unistd.h>

namespace wheelwork::source_test {

namespace {

constexpr std::chrono::seconds patience{40};

std::string new_topic() {
  static std::atomic<int> count{0};
  return "orders-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

} // namespace

wall_time real_clock::wall_now() const { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }
std::chrono::steady_clock::time_point real_clock::steady_now() const { return std::chrono::steady_clock::now(); }

std::vector<taken_message> consumer::take(size_t count, size_t at_once) {
  std::vector<taken_message> all;
  std::string last;
  const auto until = std::chrono::steady_clock::now() + patience;
  while (all.size() < count && std::chrono::steady_clock::now() < until) {
    auto news = from_->take(std::min(at_once, count - all.size()), 1 << 20, milliseconds{200});
    if (!news) {
      last = news.error().message;
      continue;
    }
    note(*news);
    std::move(news->taken.begin(), news->taken.end(), std::back_inserter(all));
  }
  if (all.size() < count)
    throw std::runtime_error{std::to_string(all.size()) + " of " + std::to_string(count) + " came; " + last};
  return all;
}

void consumer::note(const source_news& news) {
  lost.insert(lost.end(), news.lost.begin(), news.lost.end());
  wanted.insert(wanted.end(), news.wanted.begin(), news.wanted.end());
}

std::vector<message_token> consumer::wait_for_lost(size_t count) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (lost.size() < count && std::chrono::steady_clock::now() < until) keep_alive_for(milliseconds{100});
  if (lost.size() < count) throw std::runtime_error{"only " + std::to_string(lost.size()) + " were lost"};
  return lost;
}

void consumer::keep_alive_for(milliseconds span) {
  std::mutex mutex;
  std::condition_variable never;
  const auto until = std::chrono::steady_clock::now() + span;
  do {
    if (auto news = from_->keep_alive(); news) note(*news);
    std::unique_lock lock{mutex};
    never.wait_until(lock, std::min(until, std::chrono::steady_clock::now() + milliseconds{200}), [] { return false; });
  } while (std::chrono::steady_clock::now() < until);
}

void consumer::wait_for_failure(const std::string& words) {
  std::string last = "no failure";
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    const auto news = from_->take(1, 1, milliseconds{200});
    if (!news && news.error().message.find(words) != std::string::npos) return;
    if (!news) last = news.error().message;
  }
  throw std::runtime_error{last};
}

void consumer::acknowledge(const std::vector<taken_message>& done) {
  for (const auto& each : done) acknowledge(each.token);
}

topic_fixture::topic_fixture(kafka_place& at) : topic{new_topic()}, tool{at.brokers()}, at_{at} {
  options = {{"topic.metadata.refresh.interval.ms", "500"}};
}

source_setup topic_fixture::setup() const {
  source_setup made;
  made.pool = "orders";
  made.from = kafka_source{"a", topic, topic + "-group"};
  made.dead_letter = topic + ".dead";
  made.node = node;
  made.message_size_max = message_size_max;
  made.ahead_max = ahead_max;
  made.consumer_lease = lease;
  made.uncommitted = uncommitted;
  made.clock = &clock_;
  return made;
}

consumer topic_fixture::make_consumer(uint32_t number) {
  auto made = open_kafka_source(setup(), number, connection());
  if (!made) throw std::runtime_error{made.error()};
  return consumer{std::move(*made)};
}

std::unique_ptr<source_monitor> topic_fixture::make_monitor() {
  auto made = open_kafka_monitor(setup(), connection());
  if (!made) throw std::runtime_error{made.error()};
  return std::move(*made);
}

std::unique_ptr<source_monitor> topic_fixture::make_patient_monitor() {
  auto with = setup();
  with.clock = &stopped_;
  auto made = open_kafka_monitor(with, connection());
  if (!made) throw std::runtime_error{made.error()};
  return std::move(*made);
}

std::vector<std::string> bytes_of(const std::vector<taken_message>& all) {
  std::vector<std::string> made;
  for (const auto& each : all) made.push_back(each.bytes);
  return made;
}

std::vector<std::string> numbered(size_t count, size_t from) {
  std::vector<std::string> made;
  for (size_t i = from; i < from + count; ++i) made.push_back("m" + std::to_string(i));
  return made;
}

} // namespace wheelwork::source_test
