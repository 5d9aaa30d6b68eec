// What tests of Kafka sources share: a cluster, imitated or real, a topic of the test's own, and consumers of it.
#pragma once

#include "sources/kafka_source.hpp"
#include "sources/uncommitted_records.hpp"
#include "tests/support/kafka_tool.hpp"

#include <gmock/gmock.h>

namespace wheelwork::source_test {

class real_clock final : public clock_source {
public:
  wall_time wall_now() const override;
  std::chrono::steady_clock::time_point steady_now() const override;
};

/// Where a test runs.
class kafka_place {
public:
  virtual ~kafka_place() = default;
  virtual std::string brokers() = 0;
  virtual void create_topic(const std::string& topic, int partitions) = 0;
};

/// A source with the patience of a test.
class consumer {
public:
  explicit consumer(std::unique_ptr<source> from) : from_{std::move(from)} {}

  /// Takes until there are so many; throws std::runtime_error with the last failure after 30 s.
  std::vector<taken_message> take(size_t count, size_t at_once = 100);
  /// Keeps alive until so many are lost.
  std::vector<message_token> wait_for_lost(size_t count);
  /// Keeps alive for this long; adds what is lost to `lost`.
  void keep_alive_for(milliseconds span);
  /// Takes until that fails with this in its words; throws after 30 s.
  void wait_for_failure(const std::string& words);
  void acknowledge(const std::vector<taken_message>& done);
  void acknowledge(message_token done) { from_->acknowledge({&done, 1}); }

  source& operator*() const { return *from_; }
  source* operator->() const { return from_.get(); }
  /// As a kill -9 does.
  void kill() { from_.reset(); }

  std::vector<message_token> lost, wanted;

private:
  void note(const source_news& news);

  std::unique_ptr<source> from_;
};

class topic_fixture {
public:
  explicit topic_fixture(kafka_place& at);

  source_setup setup() const;
  kafka_connection_settings connection() const { return {at_.brokers(), options}; }
  consumer make_consumer(uint32_t number = 1);
  std::unique_ptr<source_monitor> make_monitor();
  /// It reads by a clock that stands still, so without an end until all is read.
  std::unique_ptr<source_monitor> make_patient_monitor();
  void create(int partitions) { at_.create_topic(topic, partitions); }
  int64_t committed(int32_t partition = 0) { return tool.committed(topic + "-group", topic, partition); }

  std::string topic; ///< not made yet
  std::map<std::string, std::string> options;
  size_t message_size_max = 1 << 20;
  size_t ahead_max = 100'000;
  milliseconds lease{3000};
  std::string node = "node-a";
  std::shared_ptr<uncommitted_records> uncommitted; ///< none: each consumer has its own
  kafka_tool tool;

private:
  /// Its steady time stands still.
  struct stopped_clock final : clock_source {
    wall_time wall_now() const override { return real_clock{}.wall_now(); }
    std::chrono::steady_clock::time_point steady_now() const override { return {}; }
  };

  kafka_place& at_;
  real_clock clock_;
  stopped_clock stopped_;
};

std::vector<std::string> bytes_of(const std::vector<taken_message>& all);
/// "m0", "m1", …
std::vector<std::string> numbered(size_t count, size_t from = 0);

} // namespace wheelwork::source_test
