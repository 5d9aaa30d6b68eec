// Makes ids that no clock can repeat (DESIGN, Journal): they never pass what the journal has reserved for this owner,
// and begin above what an earlier owner had reserved.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace wheelwork {

/// Counts (milliseconds, sequence) upwards; follows the clock where it can, runs ahead of it under load, never goes
/// back.
class id_generator {
public:
  static constexpr uint64_t sequence_max = 1023;
  static constexpr uint64_t reservation_ms = 60'000; ///< how far ahead of use a reservation reaches

  /// Ids below `used_until_ms` may be used up.
  void start_above(uint64_t used_until_ms) {
    milliseconds_ = std::max(milliseconds_, used_until_ms);
    sequence_ = 0;
  }

  /// The next (milliseconds, sequence), or none: it would pass the reservation.
  std::optional<std::pair<uint64_t, uint64_t>> next(uint64_t now_ms) {
    if (now_ms > milliseconds_) {
      milliseconds_ = now_ms;
      sequence_ = 0;
    } else if (sequence_ > sequence_max) {
      ++milliseconds_;
      sequence_ = 0;
    }
    if (milliseconds_ >= reserved_until_ms_) return std::nullopt;
    return std::pair{milliseconds_, sequence_++};
  }

  /// What to write with the next change so that `count` ids can be made now: none if the reservation reaches far
  /// enough.
  std::optional<uint64_t> reservation_needed(uint64_t now_ms, uint64_t count) const {
    auto last = std::max(milliseconds_, now_ms) + count / (sequence_max + 1) + 2;
    if (last + reservation_ms / 2 < reserved_until_ms_) return std::nullopt;
    return last + reservation_ms;
  }

  uint64_t reserved_until() const { return reserved_until_ms_; }

  /// The journal will hold this reservation before any id under it is used outside.
  void reserve(uint64_t until_ms) { reserved_until_ms_ = std::max(reserved_until_ms_, until_ms); }

private:
  uint64_t milliseconds_ = 0;
  uint64_t sequence_ = 0;
  uint64_t reserved_until_ms_ = 0;
};

} // namespace wheelwork
