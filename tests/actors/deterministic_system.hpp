// An actor system without threads, in which tests move time and choose interleavings.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <vector>

namespace wheelwork::testing {

/// Messages of one sender to one receiver keep their order; everything else is the test's choice.
class deterministic_system : public ::testing::Test {
protected:
  deterministic_system();
  ~deterministic_system() override;

  /// Spawns an actor that the fixture ends: one that still ticks would keep the system from ending.
  template <class... Args>
  auto spawn(Args&&... args) {
    auto actor = system.spawn(std::forward<Args>(args)...);
    spawned_.push_back(caf::actor_cast<caf::strong_actor_ptr>(actor));
    return actor;
  }

  /// Ends everything spawned so far at once, as a crash does.
  void kill_all();

  /// Delivers all that is due now, but for actors that are held; in an order drawn from the seed, if there is one.
  void deliver(std::optional<unsigned> seed = std::nullopt);

  /// Delivers one message after the other until this holds; throws when there is none left.
  template <class Predicate>
  void deliver_until(Predicate holds) {
    while (!holds())
      if (!scheduler.try_run_once()) throw std::runtime_error{"all was delivered, and still it does not hold"};
  }

  /// The actor gets none of its messages until let_go.
  void hold(const caf::strong_actor_ptr& actor);
  void let_go(const caf::strong_actor_ptr& actor);
  template <class Handle>
  void hold(const Handle& actor) {
    hold(caf::actor_cast<caf::strong_actor_ptr>(actor));
  }
  template <class Handle>
  void let_go(const Handle& actor) {
    let_go(caf::actor_cast<caf::strong_actor_ptr>(actor));
  }

  std::chrono::steady_clock::time_point steady_now() { return scheduler.clock().now(); }
  /// When the next delayed message is due. None: there is none.
  std::optional<std::chrono::steady_clock::time_point> next_timeout();

private:
  std::vector<caf::strong_actor_ptr> spawned_;
  std::vector<caf::resumable*> held_;

protected:
  caf::actor_system system;
  caf::scheduler::test_coordinator& scheduler;
};

} // namespace wheelwork::testing
