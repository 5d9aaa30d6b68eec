// Whether a client is about to join its group, whether it ever had a share in it, and whether it has left it;
// librdkafka tells none of these.
//
// While it joins nothing may be committed: brokers answer the commit after the join, find the generation in it too old,
// and librdkafka 2.0 then takes all partitions away from the consumer. And a client that is closed before it has left
// does not leave.
#pragma once

#include "schedule/time.hpp"

#include <librdkafka/rdkafka.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace wheelwork {

/// From a client's request to join until it was told its partitions. Thread-safe.
class kafka_group_watch {
public:
  /// Lets clients made of this tell the watch of their requests. It has to outlive them.
  void attach(rd_kafka_conf_t* conf);

  bool joining() const;
  /// Waits for its end. False: it has not come.
  bool wait_until_joined(milliseconds at_most) const;
  /// It was told its share of the partitions at least once, if only that it gets none.
  bool settled() const;
  /// It is in the group as far as the brokers know: they heard that it came, and not that it left.
  bool member() const;
  /// How many heartbeats were answered. What the answers say is not seen here; a join may follow each within
  /// milliseconds.
  uint64_t heartbeats() const;

  void sent(int16_t request);
  void answered(int16_t request);

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable joined_;
  bool joining_ = false;
  bool member_ = false;
  bool settled_ = false;
  uint64_t heartbeats_ = 0;
};

} // namespace wheelwork
