// The fronts of a node: listeners that speak as services which wheelwork replaces.
#pragma once

#include "actors/queue_intake.hpp"
#include "api/compat/delay_queue_front.hpp"

namespace wheelwork {

/// The lists that they read; the node itself does that.
std::vector<queue_intake> intakes_of(const settings& with);

class fronts {
public:
  /// Opens those that are configured, and logs where they listen. `node` must outlive every callback that it still
  /// owes. Throws std::runtime_error naming the address and the cause.
  fronts(const settings& with, node_service& node);
  /// Takes what a running front can change (SIGHUP).
  void reload(const settings& with);
  void stop_accepting();
  void stop();

private:
  std::unique_ptr<delay_queue_front> delay_queue_;
};

} // namespace wheelwork
