// What a Kafka consumer has in hand, partition by partition, and how far each may be committed. No I/O.
//
// A log may become another one under its consumer: a topic is deleted and made anew, or brokers cut off what only a
// dead leader had. librdkafka 2.0 then begins again at the earliest record and tells nobody. So an offset alone does
// not say that a record was seen: one that is younger than all before it is a new one.
#pragma once

#include "brokers/kafka_client.hpp"
#include "sources/source.hpp"
#include "sources/uncommitted_records.hpp"

#include <deque>
#include <map>
#include <unordered_map>

namespace wheelwork {

/// Each message stays here until its work is done: its bytes are needed again when it is given back or buried. Offsets
/// of a partition only grow, but may have gaps (compaction, marks of transactions); "before" means in that order.
class kafka_lanes {
public:
  struct position {
    int32_t partition = 0;
    int64_t offset = 0;
  };
  struct record {
    message_token token{};
    const rd_kafka_message_t* message = nullptr; ///< valid until finished or removed
  };

  /// What is left of a partition that is not ours any more.
  struct remains {
    int32_t partition = 0;
    std::vector<message_token> in_hand;
    std::vector<finished_record> uncommitted; ///< finished, and not passed to written()
  };

  /// `finished` before, in the order of their offsets: these don't wait to be taken when they arrive.
  void add(int32_t partition, std::vector<finished_record> finished = {});
  /// The partition is to go to another consumer: nothing more is taken of it. Those that are in somebody's hand.
  std::vector<message_token> leave(int32_t partition);
  bool in_hand(int32_t partition) const; ///< some of it are in somebody's hand; linear
  /// Forgets the partition with all that is in it.
  remains remove(int32_t partition);
  std::vector<remains> remove_all();
  bool empty() const { return lanes_.empty(); } ///< no partition is ours

  enum class arrival : uint8_t {
    in_order,    ///< it waits to be taken, or was finished before
    repeated,    ///< dropped: seen before, or of a partition that is not ours
    passed_over, ///< dropped: behind what was committed, no younger than that, and no longer remembered
    log_changed, ///< it waits: the log is another one from its offset on (topic made anew, or cut off by its brokers)
  };
  arrival arrive(kafka_message_ptr message);
  size_t waiting() const { return waiting_ + orphans_waiting_.size(); }
  /// The partition with the most messages from its first unfinished one on, whether those are finished or not.
  struct queue {
    int32_t partition = 0;
    int64_t first = 0; ///< the offset of that one
    size_t size = 0;
  };
  queue longest() const;
  /// The next one that waits, in the order of its partition; null where none does.
  record take();

  /// None: not in hand (any more).
  const rd_kafka_message_t* find(message_token token) const;
  /// Its work is done. A token that is not in hand does nothing.
  void finish(message_token token);
  /// It waits again, in its place.
  void give_back(message_token token);

  /// Offsets up to which all before is finished, where they are above what was passed to `asked` or `written` before.
  std::vector<position> to_write() const;
  /// The same where they are above what was passed to `written`.
  std::vector<position> unwritten() const;
  void asked(const position& at); ///< a commit is under way
  void written(const position& at);
  void not_written(int32_t partition); ///< the commit under way failed: to_write() has it again

private:
  enum class state : uint8_t { waiting, taken, finished };
  enum class before : uint8_t { seen, not_remembered, other_record };
  struct entry {
    int64_t offset = 0;
    message_token token{};
    state now = state::waiting;
    kafka_message_ptr message;
    int64_t timestamp_ms = 0; ///< of a finished one
  };
  struct lane {
    std::deque<entry> entries; ///< from the first that is not finished on
    size_t waiting = 0;        ///< of the entries; none once it is leaving
    bool leaving = false;
    int64_t seen_until = -1;     ///< the offset that arrived last
    int64_t newest_ms = -1;      ///< the latest timestamp of all that arrived
    int64_t finished_until = -1; ///< all before it is finished; -1: nothing yet
    int64_t asked = -1;
    int64_t written = -1;
    std::deque<finished_record> uncommitted; ///< below finished_until, and not written
    std::deque<finished_record> known;       ///< finished before the partition was ours, not seen again yet
  };
  struct place {
    int32_t partition;
    int64_t offset;
  };
  using lane_map = std::map<int32_t, lane>;

  entry* find_entry(message_token token);
  remains forget(lane_map::iterator which);
  static void advance(lane& of);
  static bool was_finished(lane& of, const rd_kafka_message_t& arrived);
  static before look_back(const lane& in, int64_t offset, int64_t timestamp_ms);
  void cut_off(lane& at, int64_t offset);

  lane_map lanes_;
  std::unordered_map<message_token, place> hands_;
  /// Records whose log is gone. They are handled all the same, and nothing is committed for them.
  std::unordered_map<message_token, kafka_message_ptr> orphans_;
  std::deque<kafka_message_ptr> orphans_waiting_;
  size_t waiting_ = 0;
  uint64_t last_token_ = 0;
};

} // namespace wheelwork
