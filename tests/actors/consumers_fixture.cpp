#include "tests/actors/consumers_fixture.hpp"

#include "actors/executor.hpp"
#include "messages/journaling.hpp"

namespace wheelwork::testing {

namespace {

using namespace std::chrono_literals;

struct ear_state {
  static inline const char* name = "ear";
};

} // namespace

consumers::consumers() {
  auto how = std::make_shared<resolved_target>();
  how->how = native_target{"noop"};
  how->retry.limit = 2;
  how->retry.delays = {1s, 5s};
  how_ = how;
  pool = std::make_shared<pool_definition>();
  pool->name = "orders";
  pool->source = redis_list_source{"a", "orders"};
  pool->how = how_;
  pool->min = 1;
  pool->max = 10;
  pool->dead_letter = "orders:dead";
}

void consumers::begin() {
  runner = std::make_shared<scripted_runner>(clock, results_to(dispatcher_actor{}, table, target_kind::native));
  auto shared = std::make_shared<pool_environment>();
  shared->node = "test";
  shared->table = table;
  shared->clock = &clock;
  shared->detached = false;
  shared->patience = 0ms;
  for (auto& of_kind : shared->runners) of_kind = runner;
  shared->open_source = [this](const source_setup& setup, uint32_t) -> result<std::unique_ptr<source>, std::string> {
    backlog->opened.push_back(setup);
    return std::make_unique<scripted_source>(backlog);
  };
  shared->push = [this](push_request request) { pushed.push_back(std::move(request)); };
  if (translate) shared->translators.emplace(pool->name, translate);
  shared->open_monitor = [this](const source_setup&) -> result<std::unique_ptr<source_monitor>, std::string> {
    return std::make_unique<scripted_monitor>(backlog);
  };
  const auto ear =
      spawn([this](pool_registry_actor::stateful_pointer<ear_state>) -> pool_registry_actor::behavior_type {
        return {
            [](const pools_loaded&) {},
            [](const put_pool&) {},
            [](const delete_pool&) {},
            [this](const pool_happened& heard) { events.push_back(heard.event); },
            [this](const pool_ended&) { ended = true; },
            [](const receipts&) {},
            [](const stop_pools&) {},
            [](const load_pools&) {},
            [](const write_pool_records&) {},
        };
      });
  actor = spawn(consumer_pool, pool_ptr{pool}, pool_environment_ptr{shared}, statistics, ear);
  advance(0ms);
}

void consumers::advance(milliseconds span) {
  const auto end = steady_now() + span;
  deliver();
  while (steady_now() < end) {
    auto next = end;
    if (auto timeout = next_timeout()) next = std::min(next, *timeout);
    scheduler.advance_time(std::max<caf::timespan>(next - steady_now(), caf::timespan{0}));
    deliver();
  }
}

std::vector<std::string> consumers::at_target() const {
  std::vector<std::string> bodies;
  for (const auto& one : runner->open) bodies.emplace_back(one.what.body.data());
  return bodies;
}

void consumers::finish(const std::string& body, attempt_outcome outcome) {
  const auto found = std::find_if(runner->open.begin(), runner->open.end(),
                                  [&](const auto& one) { return one.what.body.data() == body; });
  ASSERT_NE(found, runner->open.end()) << body << " is not at the target";
  const auto id = found->what.id;
  auto with = runner->result_of(id, outcome);
  with.error = "the test says so";
  runner->finish(id, with);
  deliver();
}

void consumers::change(const std::function<void(pool_definition&)>& how) {
  auto changed = std::make_shared<pool_definition>(*pool);
  how(*changed);
  pool = changed;
  caf::anon_send(actor, change_pool{pool});
  advance(0ms);
}

std::vector<std::string> consumers::kinds() const {
  std::vector<std::string> texts;
  for (const auto& event : events) texts.emplace_back(to_string(event.kind));
  return texts;
}

} // namespace wheelwork::testing
