// How long records of a Kafka topic wait: when the first ones were produced that a group has not committed.
#pragma once

#include "brokers/kafka_client.hpp"
#include "sources/kafka_lanes.hpp"

#include <map>
#include <optional>

namespace wheelwork {

/// Reads one batch of each partition that has such a record: only when its offset has changed, every five seconds at
/// most, and for up to half a second.
class kafka_oldest {
public:
  /// `firsts`: where the unfinished records of each partition begin that has some. What is not known (yet) is left out.
  /// The client belongs to no group and has no assignment; blocking.
  std::optional<wall_time> look(const kafka_client& client, const std::string& topic,
                                const std::vector<kafka_lanes::position>& firsts, const clock_source& clock);

private:
  struct record {
    int64_t asked_at = 0; ///< the offset from which it is the first
    wall_time produced_at{};
  };
  void read(const kafka_client& client, const std::string& topic, std::map<int32_t, int64_t> wanted,
            const clock_source& clock);

  std::map<int32_t, record> known_; ///< by partition
  std::optional<std::chrono::steady_clock::time_point> last_read_;
};

} // namespace wheelwork
