// The monotonic clock's points, for measuring spans of time and for waiting.
#pragma once

#include <chrono>

namespace wheelwork {

using steady_time = std::chrono::steady_clock::time_point;

} // namespace wheelwork
