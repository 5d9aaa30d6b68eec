// A consumer pool over a backlog in memory, with a clock and a target that the test moves.
#pragma once

#include "actors/consumer_pool.hpp"
#include "tests/actors/deterministic_system.hpp"
#include "tests/actors/manual_clock.hpp"
#include "tests/actors/scripted_runner.hpp"
#include "tests/actors/scripted_source.hpp"

#include <gmock/gmock.h>

namespace wheelwork::testing {

class consumers : public deterministic_system {
protected:
  consumers();
  ~consumers() override { kill_all(); }

  /// Begins the pool as it is defined now.
  void begin();

  void advance(milliseconds span);
  /// The bodies of the messages at the target, in the order in which their attempts began.
  std::vector<std::string> at_target() const;
  void finish(const std::string& body, attempt_outcome outcome = attempt_outcome::succeeded);
  void change(const std::function<void(pool_definition&)>& how);
  std::vector<std::string> kinds() const;

  manual_clock clock{scheduler};
  std::shared_ptr<const resolved_target> how_;
  std::shared_ptr<pool_definition> pool;
  std::shared_ptr<scripted_backlog> backlog = std::make_shared<scripted_backlog>();
  std::shared_ptr<scripted_runner> runner;
  std::shared_ptr<consumer_table> table = std::make_shared<consumer_table>();
  std::shared_ptr<pool_statistics> statistics = std::make_shared<pool_statistics>();
  consumer_pool_actor actor;
  std::vector<pool_event> events;
  std::vector<push_request> pushed; ///< messages that are to become jobs
  message_translator translate;
  bool ended = false;
};

} // namespace wheelwork::testing
