// Reads one backlog: a Redis list, a Redis stream or a Kafka topic. What is taken stays safe in the source until it is
// acknowledged, so that a consumer may be killed at any time; then another takes it again.
#pragma once

#include "messages/broker_connection.hpp"
#include "messages/pool.hpp"
#include "schedule/result.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace wheelwork {

/// Names a message between take and the end of its work; grows in the order of taking, per consumer.
enum class message_token : uint64_t {};

struct taken_message {
  message_token token{};
  int32_t lane = 0;     ///< order is kept within it: the partition of a topic
  std::string bytes;    ///< as they are; of a stream's entry a JSON object of its fields
  std::string offset;   ///< in the partition, or the id of the stream's entry; empty: a list has none
  std::string key;      ///< of a Kafka record
  std::string identity; ///< the same whenever this message is taken; empty: the source can't tell (a list that is not
                        ///< recorded)
  std::optional<wall_time> produced_at; ///< where the source tells
  uint32_t deliveries = 1; ///< > 1: a consumer died with it in hand, and so many less two died at work on it since
};

/// Why a message goes to the dead letters.
struct dead_message {
  message_token token{};
  std::string reason; ///< a word: retries_exhausted, too_large, unreadable, crashed_consumer
  std::string error;  ///< of the last attempt, in words
  uint32_t attempts = 0;
};

struct source_failure {
  std::string message; ///< what was wrong and what would be right
};

/// What a call brought: messages, and those taken earlier that are somebody else's now (a Kafka partition was revoked,
/// a lease was lost); what comes of these must be dropped.
struct source_news {
  std::vector<taken_message> taken;
  std::vector<message_token> lost;
  /// Taken earlier, and to go to another consumer with all that stands behind them: those that are not begun should be
  /// given back, those that are should end soon. They are lost if that takes too long.
  std::vector<message_token> wanted;
  std::string warning; ///< what a user should know though the work goes on, in words; empty: nothing
};

/// One consumer's connection to the source. Made without a connection: each call connects again when it must, at most
/// as often as a back-off allows, and fails quickly between. Blocking; one thread at a time. After a failure everything
/// in hand is still in hand unless a later call names it as lost, and acknowledgements that could not be written are
/// kept for the next call.
class source {
public:
  virtual ~source() = default;

  /// Writes what was acknowledged, then takes up to `at_most` messages (and, beyond the first, not much more than
  /// `bytes_at_most`). Returns at once when there are some or `wait` is zero; else waits that long for the first.
  virtual result<source_news, source_failure> take(size_t at_most, size_t bytes_at_most, milliseconds wait) = 0;
  /// To be called at least once a second while messages are in hand and nothing is taken: writes what was acknowledged
  /// and tells the source that this consumer lives.
  virtual result<source_news, source_failure> keep_alive() = 0;
  /// Their work is done. Written with the next call at the latest.
  virtual void acknowledge(std::span<const message_token> done) = 0;
  /// Written to the dead letters, then acknowledged, before it returns without a failure; then, and only then, all of
  /// them are done.
  virtual result<void, source_failure> bury(std::span<const dead_message> dead) = 0;
  /// An attempt at one with `deliveries` above 1 begins or has ended. A source that counts deliveries counts those that
  /// begin and never end, and buries what was too often in the hand of consumers that died: it may be what they died
  /// of. Not called for other messages, which so cost nothing.
  virtual result<void, source_failure> attempt_begins(message_token /*suspect*/) { return {}; }
  virtual result<void, source_failure> attempt_ended(message_token /*suspect*/) { return {}; }
  /// These were not begun: back to the source, to be taken next, in their order.
  virtual result<void, source_failure> give_back(std::span<const message_token> untouched) = 0;
  /// Writes what was acknowledged and leaves. What is still in hand comes to others after a while.
  virtual result<void, source_failure> close() = 0;
  /// It gets messages when there are some, so far as is known without asking. (A member of a Kafka group that is about
  /// to join does not.)
  virtual bool is_at_work() const { return true; }
};

/// The backlog of a source.
struct backlog {
  uint64_t waiting = 0; ///< the lag: messages that no consumer has taken yet (Kafka: that are not committed)
  uint64_t in_hand = 0; ///< taken and not acknowledged, where the source tells
  std::optional<uint32_t> partitions; ///< more consumers than this are of no use
  std::optional<wall_time> oldest;    ///< when the message that waits longest was produced, where the source tells
  uint64_t recovered = 0;             ///< messages of dead consumers that this look gave back
  std::string warning;                ///< what a user should know though the work goes on, in words; empty: nothing
};

/// Looks at a source from beside: how much waits there, and whether consumers died with messages in hand; those it
/// gives back. One of each pool. Blocking; one thread at a time; connects by itself like a source.
class source_monitor {
public:
  virtual ~source_monitor() = default;
  virtual result<backlog, source_failure> look() = 0;
};

class uncommitted_records;

/// What the sources of one pool have in common.
struct source_setup {
  std::string pool;
  source_definition from;
  std::string dead_letter;
  /// Messages are recorded elsewhere, each under its identity, before they are acknowledged: a list gives each of them
  /// one that lasts, and no more messages while some are in hand.
  bool recorded = false;
  std::string node;                    ///< the node's name: what an earlier run of it left behind is recovered at once
  uint64_t incarnation = 0;            ///< differs between two runs of a node
  size_t message_size_max = 16u << 20; ///< a larger one is buried, unread where the source allows it
  size_t ahead_max = 100'000; ///< a Kafka consumer takes no more while so many records stand behind an unfinished one
  std::shared_ptr<uncommitted_records> uncommitted; ///< of a Kafka topic; none: each consumer has its own
  milliseconds consumer_lease{15'000}; ///< after this time without a sign of life a consumer's messages are given back
  const clock_source* clock = nullptr;
};

/// `number` tells apart the consumers of a pool on this node. The error says which connection is missing.
result<std::unique_ptr<source>, std::string> open_source(const source_setup& setup, uint32_t number,
                                                         const broker_connections& connections);
result<std::unique_ptr<source_monitor>, std::string> open_source_monitor(const source_setup& setup,
                                                                         const broker_connections& connections);

} // namespace wheelwork
