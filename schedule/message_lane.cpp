#include "schedule/message_lane.hpp"

#include <absl/hash/hash.h>

#include <limits>
#include <tuple>

namespace wheelwork {

int64_t lane_by_key(int32_t partition, std::string_view key, uint64_t number) {
  // Those of messages without a key are negative, so they meet none of the others.
  constexpr auto positive = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (key.empty()) return -1 - static_cast<int64_t>(number & positive);
  return static_cast<int64_t>(absl::Hash<std::tuple<int32_t, std::string_view>>{}({partition, key}) & positive);
}

} // namespace wheelwork
