// How fast a journal on a database server is: whole lives of jobs in batches, by one writer and by two side by side.
//   WHEELWORK_BENCHMARK_URL=mysql://root@/test?socket=/run/mysqld/mysqld.sock server_benchmark
// It makes tables with a prefix of its own and leaves them there: name a database that may go.
#include "messages/json.hpp"
#include "persistence/journal.hpp"

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cstdlib>
#include <thread>

namespace wheelwork {
namespace {

constexpr int64_t begin_of_time = 1'790'000'000'000;
constexpr uint16_t shards = 64;
constexpr size_t jobs_of_change = 125;

class standing_clock final : public clock_source {
public:
  wall_time wall_now() const override { return wall_time{milliseconds{begin_of_time}}; }
  std::chrono::steady_clock::time_point steady_now() const override { return {}; }
};
const standing_clock fixed_clock;

std::unique_ptr<journal> open(uint16_t writers) {
  static int opened_before = 0;
  journal_options options;
  options.url = std::getenv("WHEELWORK_BENCHMARK_URL");
  options.table_prefix = "b" + std::to_string(::getpid()) + "_" + std::to_string(opened_before++) + "_";
  options.node_name = "benchmark";
  options.writers = writers;
  options.clock = &fixed_clock;
  auto opened = open_journal(options);
  if (!opened) throw std::runtime_error{opened.error()};
  return std::move(*opened);
}

/// What one writer commits, again and again: new jobs of its shards, and the ends of those of the commit before.
class life_of_jobs {
public:
  life_of_jobs(uint16_t number, uint16_t writers, size_t jobs)
      : number_{number}, writers_{writers}, jobs_{jobs},
        how_{std::make_shared<resolved_target>(*resolved_target_from_json(
            nlohmann::json::parse(R"({"target":{"native":{"handler":"noop"}}})"), json_context{}))},
        body_{payload::json("{\"text\":\"" + std::string(89, 'x') + "\"}")} {}

  std::vector<journal_change> next() {
    std::vector<journal_change> changes, pushes;
    for (size_t left = jobs_; left > 0;) {
      const size_t size = std::min(left, jobs_of_change);
      pushes.push_back(push(size));
      left -= size;
    }
    changes = pushes;
    for (const journal_change& old : before_) changes.push_back(ends_of(old));
    before_ = std::move(pushes);
    return changes;
  }

private:
  journal_change push(size_t jobs) {
    journal_change change;
    change.shard = shard_id{static_cast<uint16_t>(made_++ * writers_ % shards + number_)};
    for (size_t sequence = 0; sequence < jobs; ++sequence) {
      new_job& one = change.inserts.emplace_back();
      one.made.id = job_id{make_id(begin_of_time + made_, change.shard, sequence)};
      one.made.due_at = one.created_at = wall_time{milliseconds{begin_of_time}};
      one.made.how = how_;
      one.made.body = body_;
    }
    return change;
  }
  static journal_change ends_of(const journal_change& pushed) {
    journal_change change;
    change.shard = pushed.shard;
    for (const new_job& one : pushed.inserts) {
      job_end& end = change.ends.emplace_back();
      end.id = one.made.id;
      end.finished_at = wall_time{milliseconds{begin_of_time + 5}};
      end.attempt = 1;
      attempt_record& last = end.last.emplace();
      last.number = 1;
      last.node = "benchmark";
      last.started_at = last.finished_at = end.finished_at;
      last.outcome = attempt_outcome::succeeded;
    }
    return change;
  }

  uint64_t number_, writers_, made_ = 0;
  size_t jobs_;
  resolved_target_ptr how_;
  payload body_;
  std::vector<journal_change> before_;
};

std::string commit_all(journal_writer& writer, life_of_jobs& life, int64_t batches) {
  for (; batches > 0; --batches) {
    const auto receipts = writer.commit(life.next());
    if (!receipts) return receipts.error().message;
    for (const journal_receipt& one : *receipts)
      if (one.error || !one.missing.empty()) return "a change was not applied whole";
  }
  return {};
}

// Arguments: jobs of a batch, writers.
void whole_life(benchmark::State& state) {
  if (!std::getenv("WHEELWORK_BENCHMARK_URL")) return state.SkipWithError("WHEELWORK_BENCHMARK_URL names no server");
  const auto jobs = static_cast<size_t>(state.range(0));
  const auto writers = static_cast<uint16_t>(state.range(1));
  constexpr int64_t batches_of_round = 10;
  const auto opened = open(writers);
  std::vector<std::unique_ptr<journal_writer>> all;
  std::vector<life_of_jobs> lives;
  for (uint16_t number = 0; number < writers; ++number) {
    all.push_back(opened->open_writer(number));
    lives.emplace_back(number, writers, jobs);
  }
  for (auto _ : state) {
    std::vector<std::string> errors(writers);
    std::vector<std::thread> threads;
    for (uint16_t number = 0; number < writers; ++number)
      threads.emplace_back([&, number] { errors[number] = commit_all(*all[number], lives[number], batches_of_round); });
    for (std::thread& thread : threads) thread.join();
    for (const std::string& error : errors)
      if (!error.empty()) return state.SkipWithError(error.c_str());
  }
  state.SetItemsProcessed(state.iterations() * batches_of_round * writers * state.range(0));
}
BENCHMARK(whole_life)
    ->Args({1000, 1})
    ->Args({1000, 2})
    ->Args({60, 1})
    ->ArgNames({"jobs", "writers"})
    ->Iterations(40)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

} // namespace
} // namespace wheelwork
