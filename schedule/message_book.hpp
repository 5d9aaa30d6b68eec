// What one consumer has in hand: which message starts next, which ones wait for a retry, which ones are over.
// Holds numbers only, no payload, and does no I/O. The retry decision is next_retry_delay() (schedule/retry.hpp).
#pragma once

#include "schedule/steady_time.hpp"
#include "schedule/time.hpp"

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace wheelwork {

enum class lane_order : uint8_t {
  none, ///< a message that waits for its retry holds up nobody
  kept, ///< within a lane one at a time, in the order of taking; a waiting retry holds up its lane and no other
};

/// How the source is told what is over, and so what counts as in hand.
enum class acknowledging : uint8_t {
  each,   ///< one by one: a message is out of hand when it is over
  prefix, ///< up to a position of its partition: it is out of hand when all before it are over, too
};

struct message_limits {
  size_t in_flight = 1;                  ///< attempts at the same time
  size_t in_hand = 1000;                 ///< messages; with `prefix` also the most that are repeated after a crash
  uint64_t bytes_in_hand = 64ull << 20u; ///< of messages that are not over. One message is always taken, however large
  friend bool operator==(const message_limits&, const message_limits&) = default;
};

/// Where a message came from and whom it may not overtake.
struct message_place {
  int64_t lane = 0;      ///< ignored with lane_order::none; e.g. the partition, or a hash of the message's key
  int32_t partition = 0; ///< whose prefix it belongs to
  int64_t position = 0;  ///< in its partition, growing; e.g. the Kafka offset
  uint64_t bytes = 0;
};

/// An attempt that is to begin now.
struct message_start {
  uint64_t number;
  uint32_t attempt; ///< from 1
  friend bool operator==(const message_start&, const message_start&) = default;
};

/// All messages of a partition up to and with `position` are over. (Kafka commits the position after it.)
struct partition_prefix {
  int32_t partition;
  int64_t position;
  friend bool operator==(const partition_prefix&, const partition_prefix&) = default;
};

/// Messages are known by numbers that the consumer gives, each larger than the one before. The life of one:
/// taken() → start_next() → succeeded() | given_up() | failed(), and after that start_next() again once its retry is
/// due. Amortized constant time per step, except where said. Not thread-safe.
class message_book {
public:
  message_book(lane_order order, acknowledging kind, const message_limits& limits = {});

  /// How many more messages the consumer may take from its source now. 0 when as many bytes as allowed are in hand.
  size_t room() const;
  /// False, and nothing changes, if the number is not larger than all before.
  bool taken(uint64_t number, const message_place& place);

  /// Begins an attempt, or none: too many are in flight, or nothing may start yet. Retries that are due come first,
  /// those due longest before the others; then new messages in the order in which they could have been started.
  std::optional<message_start> start_next(steady_time now);
  /// When to ask start_next() again if nobody calls before: the earliest retry. None while no attempt could start, or
  /// nothing waits.
  std::optional<steady_time> next_retry() const;

  /// How an attempt ended. False, and nothing changes, if that message has no attempt in flight.
  bool succeeded(uint64_t number) { return over(number); }
  /// No retry is left and the message lies in the dead letters (so this is called after that was written).
  bool given_up(uint64_t number) { return over(number); }
  bool failed(uint64_t number, steady_time retry_at);
  /// The attempt did not begin after all, e.g. no executor was free. Counts as no attempt; the next one is due at
  /// `again_at`.
  bool not_started(uint64_t number, steady_time again_at);

  /// The messages that are over since the last call, in the order of their end.
  std::vector<uint64_t> take_finished();
  /// The partitions whose prefix grew since the last call. Only with acknowledging::prefix.
  std::vector<partition_prefix> take_prefixes();

  /// For a consumer that leaves: takes out the messages that were never started, in the order of taking, for the source
  /// to give to others. The prefix of their partition never passes them. Linear in what is in hand.
  std::vector<uint64_t> give_back_untouched();
  /// The same, and those that wait for a retry as well; so only the attempts in flight are left.
  std::vector<uint64_t> give_back_all();
  /// The same, of these only; unknown ones are ignored.
  std::vector<uint64_t> give_back(std::span<const uint64_t> wanted);
  /// The partition belongs to another consumer now: forgets its messages and its prefix, and returns them. An attempt
  /// in flight goes on to its end and holds its lane until then, but it is not reported nor repeated. Linear.
  std::vector<uint64_t> revoke(int32_t from);
  /// The same for single messages that are somebody else's now; unknown ones are ignored. The prefix of their
  /// partition never passes them.
  std::vector<uint64_t> lose(std::span<const uint64_t> gone);

  void change(const message_limits& limits) { limits_ = limits; }

  size_t in_flight() const { return in_flight_; }
  size_t in_hand() const { return messages_.size(); } ///< what counts against the limit
  size_t unfinished() const { return unfinished_; }   ///< not over; a consumer may leave when it is 0
  size_t waiting_for_retry() const { return waiting_; }

private:
  enum class phase : uint8_t { fresh, in_flight, waiting, over };

  struct message {
    message_place place;
    steady_time retry_at{};
    uint64_t behind = 0; ///< the next one of its lane
    uint32_t attempts = 0;
    phase now = phase::fresh;
    bool revoked = false;
  };

  struct lane {
    uint64_t first; ///< the only one that may start
    uint64_t last;
  };

  struct retry {
    steady_time at;
    uint64_t number;
    bool operator>(const retry& other) const { return at != other.at ? at > other.at : number > other.number; }
  };

  struct partition {
    std::deque<uint64_t> numbers; ///< behind the prefix, in the order of taking; those given back included
    bool grew = false;
    int64_t position = 0;
  };

  using message_map = absl::flat_hash_map<uint64_t, message>;

  void stand_in_line(uint64_t number, message& one);
  void leave_line(message_map::iterator found);
  bool over(uint64_t number);
  bool wait(uint64_t number, steady_time retry_at, bool counts);
  void advance(int32_t of);
  message_map::iterator in_flight(uint64_t number);
  template <class Predicate>
  std::vector<uint64_t> take_out(Predicate wanted);
  template <class Predicate>
  std::vector<uint64_t> take_away(Predicate wanted);
  void line_up_again();

  lane_order order_;
  acknowledging kind_;
  message_limits limits_;
  message_map messages_;
  std::deque<uint64_t> ready_; ///< never started, and first of their lane
  std::vector<retry> retries_; ///< a heap, the earliest first
  absl::flat_hash_map<int64_t, lane> lanes_;
  absl::flat_hash_map<int32_t, partition> partitions_;
  std::vector<int32_t> grown_;
  std::vector<uint64_t> finished_;
  std::optional<uint64_t> latest_{};
  uint64_t bytes_ = 0;
  size_t unfinished_ = 0;
  size_t in_flight_ = 0;
  size_t waiting_ = 0;
};

} // namespace wheelwork
