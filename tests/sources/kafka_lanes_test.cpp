// What a Kafka consumer remembers of a partition whose log becomes another one. The records are those of topics of an
// imitated cluster; to the lanes all of them are of one partition.
#include "sources/kafka_lanes.hpp"
#include "tests/support/kafka_mock.hpp"

#include <gmock/gmock.h>
#include <stdexcept>

namespace wheelwork {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using arrival = kafka_lanes::arrival;

class kafka_lanes_test : public ::testing::Test {
protected:
  kafka_lanes_test() { lanes_.add(0); }
  /// Made without the lanes' help, so that a test may repeat them.
  struct log {
    std::string topic;
    std::vector<int64_t> timestamps_ms; ///< of its records, from offset 0 on
  };
  log make_log(std::vector<int64_t> timestamps_ms) {
    log made{"log-" + std::to_string(++logs_), std::move(timestamps_ms)};
    cluster_.create_topic(made.topic, 1);
    std::string fault;
    kafka_callbacks callbacks;
    callbacks.delivered = [&](const rd_kafka_message_t& message) {
      if (message.err) fault = rd_kafka_err2str(message.err);
    };
    auto producer = kafka_client::open(kafka_role::producer, {cluster_.brokers(), {}}, {}, std::move(callbacks));
    if (!producer) throw std::runtime_error{producer.error()};
    for (const auto at : made.timestamps_ms)
      rd_kafka_producev((*producer)->get(), RD_KAFKA_VTYPE_TOPIC, made.topic.c_str(), RD_KAFKA_VTYPE_PARTITION, 0,
                        RD_KAFKA_VTYPE_TIMESTAMP, at, RD_KAFKA_VTYPE_END);
    if (const auto code = rd_kafka_flush((*producer)->get(), 20'000)) throw std::runtime_error{rd_kafka_err2str(code)};
    if (!fault.empty()) throw std::runtime_error{fault};
    return made;
  }
  /// What becomes of the records from this offset on when they arrive.
  std::vector<arrival> arrive(const log& of, int64_t from, size_t count) {
    if (!reader_) {
      auto made = kafka_client::open(kafka_role::consumer, {cluster_.brokers(), {}}, {{{"group.id", "g"}}, {}});
      if (!made) throw std::runtime_error{made.error()};
      reader_ = std::move(*made);
    }
    const auto all = make_kafka_partitions();
    add_partition(all, of.topic, 0, from);
    if (const auto code = rd_kafka_assign(reader_->get(), all.get())) throw std::runtime_error{rd_kafka_err2str(code)};
    std::vector<arrival> made;
    while (made.size() < count) {
      kafka_message_ptr message{rd_kafka_consumer_poll(reader_->get(), 20'000)};
      if (!message) throw std::runtime_error{"no record came"};
      if (!message->err) made.push_back(lanes_.arrive(std::move(message)));
    }
    rd_kafka_assign(reader_->get(), nullptr);
    return made;
  }
  std::vector<message_token> take_all() {
    std::vector<message_token> taken;
    while (lanes_.waiting() > 0) taken.push_back(lanes_.take().token);
    return taken;
  }
  void finish(const std::vector<message_token>& all) {
    for (const auto each : all) lanes_.finish(each);
  }
  /// As after a commit of it.
  std::vector<int64_t> write() {
    std::vector<int64_t> offsets;
    for (const auto& each : lanes_.to_write()) {
      lanes_.written(each);
      offsets.push_back(each.offset);
    }
    return offsets;
  }

  kafka_mock cluster_;
  std::unique_ptr<kafka_client> reader_;
  kafka_lanes lanes_; ///< ends before the client of its messages
  int logs_ = 0;
};

TEST_F(kafka_lanes_test, records_that_were_seen_are_dropped_when_they_come_again) {
  const auto one = make_log({100, 101, 102, 103});
  arrive(one, 0, 4);
  const auto taken = take_all();
  finish({taken[0], taken[1]});
  ASSERT_THAT(write(), ElementsAre(2));
  finish({taken[3]});
  EXPECT_THAT(arrive(one, 0, 4),
              ElementsAre(arrival::passed_over, arrival::passed_over, arrival::repeated, arrival::repeated));
  EXPECT_EQ(lanes_.waiting(), 0u);
  finish({taken[2]});
  EXPECT_THAT(write(), ElementsAre(4));
}

TEST_F(kafka_lanes_test, of_another_log_all_records_are_taken_and_its_own_offsets_are_written) {
  const auto old = make_log({100, 101, 102, 103, 104}), made_anew = make_log({200, 201});
  arrive(old, 0, 5);
  finish(take_all());
  ASSERT_THAT(write(), ElementsAre(5));
  EXPECT_THAT(arrive(made_anew, 0, 2), ElementsAre(arrival::log_changed, arrival::in_order));
  const auto taken = take_all();
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_THAT(write(), IsEmpty());
  finish({taken[0]});
  EXPECT_THAT(write(), ElementsAre(1));
  finish({taken[1]});
  EXPECT_THAT(write(), ElementsAre(2));
}

TEST_F(kafka_lanes_test, what_was_fetched_of_a_log_that_is_gone_is_handled_and_nothing_is_written_for_it) {
  const auto old = make_log({100, 101, 102, 103}), made_anew = make_log({200});
  arrive(old, 0, 4);
  const auto first = lanes_.take(), second = lanes_.take();
  lanes_.finish(first.token);
  ASSERT_THAT(write(), ElementsAre(1));
  EXPECT_THAT(arrive(made_anew, 0, 1), ElementsAre(arrival::log_changed));
  EXPECT_EQ(lanes_.waiting(), 3u) << "two of the old one, one of the new one";
  const auto third = lanes_.take();
  EXPECT_EQ(third.message->offset, 2);
  lanes_.give_back(third.token);
  const auto again = take_all();
  ASSERT_EQ(again.size(), 3u);
  ASSERT_NE(lanes_.find(second.token), nullptr) << "it may have to be buried";
  EXPECT_EQ(lanes_.find(second.token)->offset, 1);
  finish({second.token, again[0], again[1]});
  EXPECT_THAT(write(), IsEmpty());
  finish({again[2]});
  EXPECT_THAT(write(), ElementsAre(1));
}

TEST_F(kafka_lanes_test, a_log_that_was_cut_off_keeps_what_stands_before_the_cut) {
  const auto old = make_log({100, 101, 102, 103}), cut_off = make_log({100, 101, 200, 201});
  arrive(old, 0, 4);
  const auto taken = take_all();
  finish({taken[0]});
  ASSERT_THAT(write(), ElementsAre(1));
  // It begins again at the earliest record.
  EXPECT_THAT(arrive(cut_off, 0, 4),
              ElementsAre(arrival::passed_over, arrival::repeated, arrival::log_changed, arrival::in_order));
  const auto later = take_all();
  ASSERT_EQ(later.size(), 2u);
  finish(later);
  EXPECT_THAT(write(), IsEmpty()) << "the second record is still at work";
  finish({taken[1]});
  EXPECT_THAT(write(), ElementsAre(4));
}

TEST_F(kafka_lanes_test, messages_of_a_log_that_is_gone_are_lost_with_their_consumer) {
  const auto old = make_log({100, 101}), made_anew = make_log({200});
  arrive(old, 0, 2);
  const auto taken = take_all();
  arrive(made_anew, 0, 1);
  std::vector<message_token> lost;
  for (const auto& left : lanes_.remove_all()) lost.insert(lost.end(), left.in_hand.begin(), left.in_hand.end());
  EXPECT_THAT(lost, ::testing::UnorderedElementsAreArray(taken));
  EXPECT_EQ(lanes_.waiting(), 0u);
}

} // namespace
} // namespace wheelwork
