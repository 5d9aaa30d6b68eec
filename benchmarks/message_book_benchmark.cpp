// How fast messages go through a consumer's book: taken in batches, started, ended, acknowledged.
#include "schedule/message_book.hpp"

#include <benchmark/benchmark.h>

namespace wheelwork {
namespace {

constexpr uint64_t batch = 100;

void run(benchmark::State& state, message_book& book, uint64_t lanes, uint64_t failing_each) {
  uint64_t next = 0;
  auto now = steady_time{};
  auto over = uint64_t{0};
  for (auto _ : state) {
    for (uint64_t index = 0; index < batch && book.room() > 0; ++index, ++next)
      book.taken(next, {.lane = static_cast<int64_t>(next % lanes),
                        .partition = static_cast<int32_t>(next % 8),
                        .position = static_cast<int64_t>(next)});
    now += milliseconds{1};
    while (auto start = book.start_next(now)) {
      bool fails = failing_each > 0 && start->attempt == 1 && start->number % failing_each == 0;
      if (fails)
        book.failed(start->number, now + milliseconds{3});
      else
        book.succeeded(start->number);
    }
    over += book.take_finished().size();
    benchmark::DoNotOptimize(book.take_prefixes());
  }
  state.SetItemsProcessed(static_cast<int64_t>(over));
}

void in_any_order(benchmark::State& state) {
  message_book book{lane_order::none, acknowledging::each};
  run(state, book, 1, 0);
}

void in_lanes(benchmark::State& state) {
  message_book book{lane_order::kept, acknowledging::prefix};
  run(state, book, 8, 0);
}

void in_lanes_by_key_one_of_20_fails(benchmark::State& state) {
  message_book book{lane_order::kept, acknowledging::prefix, {.in_flight = 16}};
  run(state, book, 1000, 20);
}

BENCHMARK(in_any_order);
BENCHMARK(in_lanes);
BENCHMARK(in_lanes_by_key_one_of_20_fails);

} // namespace
} // namespace wheelwork
