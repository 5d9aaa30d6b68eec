// Writes what the scaling policies do to made-up loads as CSV: scenario, seconds, lag, consumers. The picture in
// docs/pools.md is made of it; docs/images/pool_scaling.py says how.
#include "schedule/scaling_state.hpp"
#include "tests/schedule/pool_simulation.hpp"

#include <cmath>
#include <cstdio>
#include <numbers>

namespace wheelwork {
namespace {

void write(const char* name, const pool_setting& setting, const pool_load& load, double until) {
  pool_simulation simulation{setting, load};
  simulation.run(until);
  for (const auto& moment : simulation.moments())
    std::printf("%s,%.0f,%llu,%u\n", name, moment.at, static_cast<unsigned long long>(moment.lag), moment.wanted);
  std::fprintf(stderr, "%s: count changed %d times, turned %d times\n", name, changes(simulation.moments()),
               turns(simulation.moments()));
}

double burst(double at, double begin, double messages) { return at >= begin && at < begin + 1 ? messages : 0; }

void write_all() {
  pool_setting goal{.policy = drain_policy{.within = milliseconds{60'000}}};
  write("a backlog of 100 000 at once; 20 ms of work each; within 60 s", goal,
        {.messages_per_second = [](double at) { return burst(at, 10, 100'000); }}, 120);
  write("a step from 100 to 1000 messages/s and back; 20 ms each; within 30 s", {},
        {.messages_per_second = [](double at) { return at > 60 && at < 240 ? 1000.0 : 100.0; }, .by_chance = true},
        360);
  write("bursts of 6000 each minute; 50 ms each; within 30 s", {},
        {.messages_per_second = [](double at) { return burst(std::fmod(at, 60), 10, 6'000); }, .service_seconds = 0.05},
        360);
  write("600 messages/s; but only 500 get through however many consumers; 20 ms each; within 30 s", {},
        {.messages_per_second = [](double at) { return at > 30 && at < 270 ? 600.0 : 0.0; }, .bottleneck = 500}, 480);
  auto day = [](double at) { return 10 + 9 * std::sin(2 * std::numbers::pi * (at / 86400 - 0.25)); };
  write("a day: 1 to 19 messages/s; 1 s each; within 30 s", {.read_every = 5, .step = 0.1},
        {.messages_per_second = day, .service_seconds = 1, .by_chance = true}, 86400);
  write("lag_step: limit 5000; one more per 1000 messages; interval and hold 3 min; 2 to 20 consumers",
        {.policy = lag_step_policy{}, .bounds = {.min = 2, .max = 20}},
        {.messages_per_second = [](double at) { return 60 + burst(at, 60, 30'000); }}, 1500);
}

} // namespace
} // namespace wheelwork

int main() {
  std::puts("scenario,seconds,lag,consumers");
  wheelwork::write_all();
}
