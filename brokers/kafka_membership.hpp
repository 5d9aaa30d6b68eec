// How a client ends its membership of a Kafka group. librdkafka 2.0 waits for ever, or ends the whole program, where
// that is done in another way.
#pragma once

#include "brokers/kafka_client.hpp"

namespace wheelwork {

/// Its group shares out partitions one by one, and not all anew each time.
bool is_cooperative(rd_kafka_t* client);

/// Answers what the group says to a client that wants nothing of it: it takes its share, and gives it back. To be
/// called by the client's rebalance callback.
void follow_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which);

/// Ends the membership without a word to the group, with the client's callbacks. After this the client may be destroyed
/// if it is settled (kafka_group_watch.hpp).
void close_membership(rd_kafka_t* client, milliseconds at_most);

/// It is, or may soon be, in the state that leave_after_joining() is for.
bool joins_for_the_first_time(rd_kafka_t* client, const kafka_group_watch& group);

/// For a client that may not be settled and has a subscription: the librdkafka of Debian 12 ends the program when one
/// is destroyed that was told the group's protocol and no share yet (its issue 4312). So this one takes part in the
/// group until it has a share, then leaves it and closes its membership. Takes minutes if the group does. False: it
/// must not be destroyed.
bool leave_after_joining(rd_kafka_t* client, const kafka_group_watch& group, milliseconds at_most);

} // namespace wheelwork
