// How fast fire times are found: chains of next(), each from the answer of the one before.
#include "schedule/task_schedule.hpp"

#include <benchmark/benchmark.h>

namespace wheelwork {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

const wall_time start = sys_days{year{2026} / 11 / 21};

void chain_of_next(benchmark::State& state, const char* text, const char* zone, cron_dialect dialect) {
  auto made = make_cron_schedule(text, dialect, zone, {});
  if (!made) {
    state.SkipWithError(made.error().message.c_str());
    return;
  }
  auto now = start;
  for (auto _ : state) {
    auto next = made->expression.next(now, *made->zone, made->dst);
    now = next ? *next : start; // begins anew at the end of the year 9999
    benchmark::DoNotOptimize(now);
  }
  state.SetItemsProcessed(state.iterations());
}

void parse(benchmark::State& state, const std::string& text, cron_dialect dialect) {
  for (auto _ : state) benchmark::DoNotOptimize(cron_expression::parse(text, dialect));
}

void year_of_every_second(benchmark::State& state) {
  task_schedule schedule = *make_cron_schedule("* * * * * *", cron_dialect::unix_cron, "Europe/Berlin", {});
  firing_frame frame{start, {}, {}};
  for (auto _ : state)
    benchmark::DoNotOptimize(fires_between(schedule, frame, start, start + std::chrono::days{365}, 1000));
}

std::string list_of_10_kb() {
  std::string list{"0"};
  while (list.size() < 10240) list += ",59";
  return list;
}

constexpr auto unix_cron = cron_dialect::unix_cron;
BENCHMARK_CAPTURE(chain_of_next, every_5_seconds_utc, "*/5 * * * * *", "UTC", unix_cron);
BENCHMARK_CAPTURE(chain_of_next, every_5_seconds_berlin, "*/5 * * * * *", "Europe/Berlin", unix_cron);
BENCHMARK_CAPTURE(chain_of_next, every_night_berlin, "30 2 * * *", "Europe/Berlin", unix_cron);
BENCHMARK_CAPTURE(chain_of_next, leap_day_or_monday_berlin, "0 0 29 2 1", "Europe/Berlin", unix_cron);
BENCHMARK_CAPTURE(chain_of_next, leap_day_berlin, "0 0 29 2 *", "Europe/Berlin", unix_cron);
BENCHMARK_CAPTURE(chain_of_next, leap_day_and_monday_berlin, "0 0 29 2 mon", "Europe/Berlin",
                  cron_dialect::apscheduler);
BENCHMARK_CAPTURE(chain_of_next, leap_day_and_monday_utc, "0 0 29 2 mon", "UTC", cron_dialect::apscheduler);
BENCHMARK_CAPTURE(parse, weekdays, std::string{"*/5 8-18 * * mon-fri"}, unix_cron);
BENCHMARK_CAPTURE(parse, garbage_10_kb, std::string(10240, '*'), unix_cron);
BENCHMARK_CAPTURE(parse, list_of_10_kb, list_of_10_kb() + " * * * *", unix_cron);
BENCHMARK(year_of_every_second);

} // namespace
} // namespace wheelwork
