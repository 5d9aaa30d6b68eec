#include "brokers/kafka_membership.hpp"

#include <string_view>

namespace wheelwork {

namespace {

using std::chrono::steady_clock;

constexpr milliseconds turn{100};
constexpr milliseconds leave_wait{3000}, close_wait{2000};

std::string_view protocol_of(rd_kafka_t* client) {
  const char* protocol = rd_kafka_rebalance_protocol(client);
  return protocol ? protocol : "NONE";
}

/// It was told the protocol of its group. From then on it needs a share.
bool knows_protocol(rd_kafka_t* client) { return protocol_of(client) != "NONE"; }

void poll_once(rd_kafka_t* client) {
  const kafka_message_ptr dropped{rd_kafka_consumer_poll(client, static_cast<int>(turn.count()))};
}

/// What a client that leaves is told. (rd_kafka_queue_poll_callback() ends the program at a message.)
void serve(rd_kafka_queue_t* queue, milliseconds wait) {
  const kafka_message_ptr dropped{rd_kafka_consume_queue(queue, static_cast<int>(wait.count()))};
}

kafka_partitions_ptr subscription_of(rd_kafka_t* client) {
  rd_kafka_topic_partition_list_t* topics = nullptr;
  if (rd_kafka_subscription(client, &topics)) return nullptr;
  return kafka_partitions_ptr{topics};
}

/// Before it was told anything it may end at once. An answer of the group that comes meanwhile takes the chance away.
bool withdraw(rd_kafka_t* client) {
  if (knows_protocol(client)) return false;
  const auto topics = subscription_of(client);
  rd_kafka_unsubscribe(client); // from here on such an answer is not heeded
  if (!knows_protocol(client)) return true;
  if (topics) rd_kafka_subscribe(client, topics.get());
  return false;
}

} // namespace

void follow_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which) {
  const bool gets = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  if (protocol_of(client) != "COOPERATIVE") {
    rd_kafka_assign(client, gets ? which : nullptr);
    return;
  }
  const kafka_error_ptr ignored{gets ? rd_kafka_incremental_assign(client, which)
                                     : rd_kafka_incremental_unassign(client, which)};
}

/// librdkafka 2.0 waits for ever for the end of a client that has not answered an assignment, or whose queues hold
/// events, which name partitions. So both is done here, and the queues are gone before the client.
void close_membership(rd_kafka_t* client, milliseconds at_most) {
  const auto until = steady_clock::now() + at_most;
  const kafka_queue_ptr last_events{rd_kafka_queue_new(client)};
  const kafka_error_ptr refused{rd_kafka_consumer_close_queue(client, last_events.get())};
  while (!refused && !rd_kafka_consumer_closed(client) && steady_clock::now() < until) serve(last_events.get(), turn);
  const kafka_queue_ptr events_before{rd_kafka_queue_get_consumer(client)};
  rd_kafka_queue_forward(events_before.get(), nullptr);
  for (auto* queue : {last_events.get(), events_before.get()})
    while (rd_kafka_queue_length(queue) > 0) serve(queue, milliseconds{0});
}

bool leave_after_joining(rd_kafka_t* client, const kafka_group_watch& group, milliseconds at_most) {
  const auto until = steady_clock::now() + at_most;
  if (!withdraw(client)) {
    // Whoever leaves while it joins again is not heard before that is done.
    while (!group.settled() || group.joining()) {
      if (rd_kafka_fatal_error(client, nullptr, 0) || steady_clock::now() >= until) break;
      poll_once(client);
    }
    if (!group.settled()) return false;
    rd_kafka_unsubscribe(client);
    const auto left_by = steady_clock::now() + leave_wait;
    while (group.member() && steady_clock::now() < left_by) poll_once(client);
  }
  close_membership(client, close_wait);
  return true;
}

} // namespace wheelwork
