// Reads a Kafka topic as a member of a group: one member for each consumer of a pool.
//
// Partitions are shared out with `cooperative-sticky`, so that those which stay with a consumer are not interrupted
// when others come and go, and one that moves does so when what is in flight of it has ended. Nothing is committed
// before its work is done: of each partition the offset up to which all messages are acknowledged or buried, without a
// gap. Work that is done is committed in the background, several messages at a time; when a partition is taken away, at
// give_back() and at close() the commit is awaited. A group without a committed offset, or with one that is no longer
// in the topic, begins at the earliest message: better twice than never.
//
// Members are static (group.instance.id, made of pool, node and number): a node that was killed and comes back within
// `consumer_lease` (session.timeout.ms) has its partitions back at once, without a rebalance. A consumer that closes
// leaves the group all the same, so that its partitions go on without delay. Where another member with the same name
// turns up (two nodes of one name), the older one goes on as a member without a name.
//
// A group that loses its leader can't commit for a while, and may then take all partitions away. What was finished
// until then is remembered on this node and, if the partition comes back to it, not handed out again.
//
// While messages are worked on, keep_alive() pauses the partitions and polls, as a member that does not poll for
// `max.poll.interval.ms` (a minute) would be thrown out.
#pragma once

#include "sources/source.hpp"

namespace wheelwork {

/// `setup.from` is a kafka_source. The error names the option of the connection that is wrong.
result<std::unique_ptr<source>, std::string> open_kafka_source(const source_setup& setup, uint32_t number,
                                                               const kafka_connection_settings& connection);

/// The lag is the sum over all partitions of what stands behind the committed offset of the group (behind the earliest
/// message where nothing is committed). Marks of transactions count as messages. A topic that is missing is a failure.
result<std::unique_ptr<source_monitor>, std::string> open_kafka_monitor(const source_setup& setup,
                                                                        const kafka_connection_settings& connection);

} // namespace wheelwork
