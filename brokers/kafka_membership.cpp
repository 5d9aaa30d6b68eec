#include "brokers/kafka_membership.hpp"

#include <string_view>

namespace wheelwork {

namespace {

constexpr milliseconds turn{100};
constexpr milliseconds leave_wait{3000}, close_wait{2000};

/// So long nothing may come of a client. Counted in the turns in which it waits, and not by a clock: what comes of one
/// that leaves has an end.
class patience {
public:
  explicit patience(milliseconds at_most) : turns_left_{at_most / turn} {}
  bool is_over() const { return turns_left_ <= 0; }
  void note(bool something_came) { turns_left_ -= something_came ? 0 : 1; }

private:
  int64_t turns_left_;
};

std::string_view protocol_of(rd_kafka_t* client) {
  const char* protocol = rd_kafka_rebalance_protocol(client);
  return protocol ? protocol : "NONE";
}

/// It was told the protocol of its group. From then on it needs a share.
bool knows_protocol(rd_kafka_t* client) { return protocol_of(client) != "NONE"; }

/// True: something came.
bool poll_once(rd_kafka_t* client) {
  return kafka_message_ptr{rd_kafka_consumer_poll(client, static_cast<int>(turn.count()))} != nullptr;
}

/// What a client that leaves is told. (rd_kafka_queue_poll_callback() ends the program at a message.)
bool serve(rd_kafka_queue_t* queue, milliseconds wait) {
  return kafka_message_ptr{rd_kafka_consume_queue(queue, static_cast<int>(wait.count()))} != nullptr;
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

bool is_cooperative(rd_kafka_t* client) { return protocol_of(client) == "COOPERATIVE"; }

bool joins_for_the_first_time(rd_kafka_t* client, const kafka_group_watch& group) {
  if (rd_kafka_type(client) != RD_KAFKA_CONSUMER || group.settled() || rd_kafka_consumer_closed(client)) return false;
  const auto topics = subscription_of(client);
  return topics && topics->cnt > 0;
}

void follow_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which) {
  const bool gets = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  if (!is_cooperative(client)) {
    rd_kafka_assign(client, gets ? which : nullptr);
    return;
  }
  const kafka_error_ptr ignored{gets ? rd_kafka_incremental_assign(client, which)
                                     : rd_kafka_incremental_unassign(client, which)};
}

/// librdkafka 2.0 waits for ever for the end of a client that has not answered an assignment, or whose queues hold
/// events, which name partitions. So both is done here, and the queues are gone before the client.
void close_membership(rd_kafka_t* client, milliseconds at_most) {
  const kafka_queue_ptr last_events{rd_kafka_queue_new(client)};
  const kafka_error_ptr refused{rd_kafka_consumer_close_queue(client, last_events.get())};
  for (patience left{at_most}; !refused && !rd_kafka_consumer_closed(client) && !left.is_over();)
    left.note(serve(last_events.get(), turn));
  const kafka_queue_ptr events_before{rd_kafka_queue_get_consumer(client)};
  rd_kafka_queue_forward(events_before.get(), nullptr);
  for (auto* queue : {last_events.get(), events_before.get()})
    while (rd_kafka_queue_length(queue) > 0) serve(queue, milliseconds{0});
}

bool leave_after_joining(rd_kafka_t* client, const kafka_group_watch& group, milliseconds at_most) {
  if (!withdraw(client)) {
    // Whoever leaves while it joins again is not heard before that is done.
    for (patience left{at_most}; !group.settled() || group.joining();) {
      if (rd_kafka_fatal_error(client, nullptr, 0) || left.is_over()) break;
      left.note(poll_once(client));
    }
    if (!group.settled()) return false;
    rd_kafka_unsubscribe(client);
    for (patience left{leave_wait}; group.member() && !left.is_over();) left.note(poll_once(client));
  }
  close_membership(client, close_wait);
  return true;
}

} // namespace wheelwork
