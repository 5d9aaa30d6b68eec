// Which messages may not overtake each other.
#pragma once

#include <cstdint>
#include <string_view>

namespace wheelwork {

/// The lane of a message whose order is that of its key: one for each key of a partition. A message without a key
/// follows nobody: its lane is its own. `number` tells the messages of a consumer apart. Lanes mean nothing outside of
/// this process; two keys may share one, which costs them time and no order.
int64_t lane_by_key(int32_t partition, std::string_view key, uint64_t number);

} // namespace wheelwork
