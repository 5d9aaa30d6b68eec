#include "actors/system_clock.hpp"

namespace wheelwork {

wall_time system_clock::wall_now() const { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }

std::chrono::sys_time<std::chrono::microseconds> system_clock::precise_now() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::chrono::steady_clock::time_point system_clock::steady_now() const { return std::chrono::steady_clock::now(); }

} // namespace wheelwork
