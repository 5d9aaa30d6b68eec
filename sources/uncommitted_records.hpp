// Records of a Kafka topic whose work is done and whose offset could not be committed before their partition was taken
// away: their group was without a leader. The consumers of a pool on a node share these, so that the one that gets the
// partition next does not hand them out again.
#pragma once

#include "schedule/steady_time.hpp"
#include "schedule/time.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

namespace wheelwork {

/// An offset alone does not name a record: a topic that was deleted and made anew has the same ones.
struct finished_record {
  int64_t offset = 0;
  int64_t timestamp_ms = 0; ///< as the record has it
  friend auto operator<=>(const finished_record&, const finished_record&) = default;
};

/// Thread-safe.
class uncommitted_records {
public:
  static constexpr size_t size_max = 100'000; ///< of one partition; the newest are kept
  /// A group has a new leader long before. Who lets a group read once more what it has read does so later.
  static constexpr milliseconds kept_for{120'000};

  void keep(int32_t partition, const std::vector<finished_record>& finished, steady_time now);
  /// In the order of their offsets. They are the caller's then.
  std::vector<finished_record> take(int32_t partition, steady_time now);

private:
  struct kept {
    std::vector<finished_record> records;
    steady_time until{};
  };
  std::mutex mutex_;
  std::map<int32_t, kept> of_partition_;
};

} // namespace wheelwork
