#include "tests/actors/deterministic_system.hpp"

#include "messages/firing.hpp"
#include "messages/journaling.hpp"
#include "messages/operations.hpp"
#include "messages/pooling.hpp"
#include "messages/running.hpp"

#include <caf/actor_cast.hpp>
#include <caf/init_global_meta_objects.hpp>

#include <algorithm>
#include <random>

namespace wheelwork::testing {

namespace {

caf::actor_system_config& config() {
  static auto* shared = [] {
    auto* made = new caf::actor_system_config;
    made->add_message_types<caf::id_block::wheelwork>();
    made->set("scheduler.policy", caf::atom("testing"));
    made->set("logger.verbosity", caf::atom("quiet"));
    return made;
  }();
  return *shared;
}

caf::resumable* resumable_of(const caf::strong_actor_ptr& actor) {
  return dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(actor));
}

} // namespace

deterministic_system::deterministic_system()
    : system{config()}, scheduler{dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())} {}

deterministic_system::~deterministic_system() { kill_all(); }

void deterministic_system::kill_all() {
  held_.clear();
  for (auto& actor : spawned_) caf::anon_send_exit(actor, caf::exit_reason::kill);
  spawned_.clear();
  scheduler.run();
}

void deterministic_system::deliver(std::optional<unsigned> seed) {
  auto free = [this](caf::resumable* job) { return std::find(held_.begin(), held_.end(), job) == held_.end(); };
  if (!seed) {
    scheduler.run_jobs_filtered(free);
    return;
  }
  std::mt19937 random{*seed};
  for (;;) {
    auto count = static_cast<size_t>(std::count_if(scheduler.jobs.begin(), scheduler.jobs.end(), free));
    if (count == 0) return;
    auto wanted = std::uniform_int_distribution<size_t>{0, count - 1}(random);
    scheduler.run_jobs_filtered([&, wanted](caf::resumable* job) mutable { return free(job) && wanted-- == 0; });
  }
}

void deterministic_system::hold(const caf::strong_actor_ptr& actor) { held_.push_back(resumable_of(actor)); }

void deterministic_system::let_go(const caf::strong_actor_ptr& actor) {
  held_.erase(std::remove(held_.begin(), held_.end(), resumable_of(actor)), held_.end());
}

std::optional<std::chrono::steady_clock::time_point> deterministic_system::next_timeout() {
  auto& schedule = scheduler.clock().schedule();
  if (schedule.empty()) return std::nullopt;
  return schedule.begin()->first;
}

} // namespace wheelwork::testing
