// What an armed job costs: resident memory (job, payload, wheel) and the time to arm it and to take it out again.
#include "messages/job.hpp"
#include "schedule/timing_wheel.hpp"

#include <benchmark/benchmark.h>

#include <malloc.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <random>

namespace wheelwork {
namespace {

constexpr size_t slots = 60;
constexpr wall_time start{milliseconds{1'800'000'000'000}};
constexpr milliseconds horizon{120'000};

size_t resident_bytes() {
  malloc_trim(0); // what an earlier benchmark freed does not count
  size_t total = 0, resident = 0;
  std::ifstream{"/proc/self/statm"} >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

/// Of this thread: other programs on the machine don't count.
double cpu_nanoseconds() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e9 + static_cast<double>(spent.tv_nsec);
}

/// `spread`: how far the due times lie apart; in random order, as pushes come.
void armed_jobs(benchmark::State& state, size_t jobs, milliseconds spread) {
  auto how = std::make_shared<const resolved_target>();
  std::string body(100, 'x');
  for (auto _ : state) {
    auto before = resident_bytes();
    std::vector<timing_wheel_slot<job>> wheel(slots);
    std::mt19937_64 random{1};
    auto begin = cpu_nanoseconds();
    for (size_t i = 0; i < jobs; ++i) {
      job one;
      one.id = job_id{i + 1};
      one.due_at = start + milliseconds{random() % static_cast<uint64_t>(spread.count())};
      one.how = how;
      one.body = payload::json(body);
      auto slot = slot_of(one.due_at, slots);
      wheel[slot].arm(std::move(one));
    }
    state.counters["arm_ns"] = (cpu_nanoseconds() - begin) / static_cast<double>(jobs);
    state.counters["bytes_per_job"] = static_cast<double>(resident_bytes() - before) / static_cast<double>(jobs);
    begin = cpu_nanoseconds();
    size_t taken = 0;
    for (auto& slot : wheel)
      for (;;) {
        auto due = slot.take_due(start + horizon, 1000);
        if (due.empty()) break;
        taken += due.size();
      }
    state.counters["take_ns"] = (cpu_nanoseconds() - begin) / static_cast<double>(jobs);
    if (taken != jobs) state.SkipWithError("a job was lost");
  }
}
BENCHMARK_CAPTURE(armed_jobs, a_million_over_120_s, 1'000'000, horizon)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(armed_jobs, one_a_tick, 120'000, horizon)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(armed_jobs, a_million_in_one_tick, 1'000'000, milliseconds{1})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

} // namespace
} // namespace wheelwork
