// The clocks of this machine. The only place that reads them.
#pragma once

#include "schedule/time.hpp"

namespace wheelwork {

class system_clock final : public clock_source {
public:
  wall_time wall_now() const override;
  std::chrono::sys_time<std::chrono::microseconds> precise_now() const override;
  std::chrono::steady_clock::time_point steady_now() const override;
};

} // namespace wheelwork
