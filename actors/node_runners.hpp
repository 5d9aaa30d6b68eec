// The runners of a node, one for each kind of target, made from its settings.
#pragma once

#include "actors/consumer_table.hpp"
#include "actors/dispatcher.hpp"
#include "actors/node_statistics.hpp"
#include "config/settings.hpp"
#include "targets/awaited_acks.hpp"
#include "targets/http_runner.hpp"
#include "targets/native_runner.hpp"
#include "targets/process_runner.hpp"
#include "targets/worker_runner.hpp"

namespace wheelwork {

/// What runners need beside the settings.
struct runner_surroundings {
  attempt_identity identity;
  std::string process_helper;
  std::shared_ptr<const native_registry> handlers;
  const clock_source* clock = nullptr;
  std::shared_ptr<node_statistics> statistics;
};

struct node_runners {
  std::array<std::shared_ptr<runner>, target_kinds> of_kind;
  std::shared_ptr<http_runner> http; ///< some of them under their own types
  std::shared_ptr<process_runner> processes;
  std::shared_ptr<worker_runner> workers;
  std::shared_ptr<awaited_acks> acks; ///< attempts that somebody outside acknowledges
  std::vector<attempt_name> adopted;  ///< attempts that go on under helpers of an earlier start
};

/// Results go to the dispatcher, those of messages to their consumers. The error names the setting.
result<node_runners, std::string> make_node_runners(const settings& with, const runner_surroundings& around,
                                                    const dispatcher_actor& dispatcher,
                                                    const std::shared_ptr<const consumer_table>& consumers);

/// Networks such as 10.0.0.0/8.
result<std::vector<network>, std::string> parse_networks(const std::vector<std::string>& texts);

/// How much each runner may have in hand at once, as the settings say or as it can bear. `writers`: of the journal.
dispatcher_settings dispatcher_bounds(const settings& with, uint16_t writers);

} // namespace wheelwork
