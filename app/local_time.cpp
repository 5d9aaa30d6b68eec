#include "app/local_time.hpp"

#include "schedule/time_text.hpp"

#include <cstdlib>

namespace wheelwork {

std::string format_local_time(wall_time time, const time_zone& zone) {
  using namespace std::chrono;
  auto offset = duration_cast<minutes>(zone.span_at(floor<seconds>(time)).offset);
  auto local = format_time(time + offset); // …:31.000Z
  local.pop_back();
  if (local.ends_with(".000")) local.resize(local.size() - 4);
  auto size = std::abs(offset.count());
  auto two = [](int64_t number) {
    return std::string{static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
  };
  return local + (offset.count() < 0 ? "-" : "+") + two(size / 60) + ":" + two(size % 60);
}

} // namespace wheelwork
