// How many jobs the schedulers of a node may hold in RAM together (wheel.max_hot_jobs, wheel.max_hot_bytes).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace wheelwork {

/// Shared by all schedulers of a node; thread safe. Bytes are those of payloads and of what holds them.
class hot_budget {
public:
  static constexpr size_t bytes_per_job = 160; ///< a job's own share beside its payload

  hot_budget(uint64_t jobs_max, uint64_t bytes_max) : jobs_max_{jobs_max}, bytes_max_{bytes_max} {}

  bool has_room() const { return jobs_ < jobs_max_ && bytes_ < bytes_max_; }
  void add(size_t payload_bytes) {
    ++jobs_;
    bytes_ += payload_bytes + bytes_per_job;
  }
  void remove(size_t payload_bytes) {
    --jobs_;
    bytes_ -= payload_bytes + bytes_per_job;
  }
  uint64_t jobs() const { return jobs_; }

private:
  const uint64_t jobs_max_, bytes_max_;
  std::atomic<uint64_t> jobs_{0}, bytes_{0};
};

} // namespace wheelwork
