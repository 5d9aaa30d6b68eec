// How fast pushed jobs become jobs in RAM: one body, a batch and NDJSON by the fast decoder, against the general way.
#include "messages/job_decoder.hpp"
#include "messages/known_names.hpp"

#include <benchmark/benchmark.h>

namespace wheelwork {
namespace {

constexpr wall_time now{milliseconds{1'800'000'000'000}};
constexpr size_t batch_size = 1000;

/// As the API reads what is pushed: names of connections and tasks must exist.
const broker_connections no_connections;
const known_names known{.connections = &no_connections, .is_task = [](const std::string&) { return true; }};
const json_context context{.now = now, .known = &known};

/// 149 bytes, as pushes usually are.
const std::string usual_job =
    R"({"target":{"http":{"url":"http://127.0.0.1:8080/callback"}},"delay":"90s","priority":5,)"
    R"("payload":{"order":123456789,"name":"a customer","sum":17.25}})";

std::string batch_of(const std::string& job) {
  std::string text = R"({"jobs":[)";
  for (size_t i = 0; i < batch_size; ++i) text += (i > 0 ? "," : "") + job;
  return text + "]}";
}

void jobs_per_second(benchmark::State& state, size_t jobs) {
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * jobs));
}

void decode_batch(benchmark::State& state) {
  job_decoder decoder;
  auto text = batch_of(usual_job);
  for (auto _ : state) benchmark::DoNotOptimize(decoder.decode_batch(text, context).value());
  jobs_per_second(state, batch_size);
}
BENCHMARK(decode_batch);

void decode_lines(benchmark::State& state) {
  job_decoder decoder;
  std::string text;
  for (size_t i = 0; i < batch_size; ++i) text += usual_job + "\n";
  for (auto _ : state) benchmark::DoNotOptimize(decoder.decode_lines(text, context).value());
  jobs_per_second(state, batch_size);
}
BENCHMARK(decode_lines);

void decode_one_by_one(benchmark::State& state) {
  job_decoder decoder;
  for (auto _ : state) benchmark::DoNotOptimize(decoder.decode_job(usual_job, context).value());
  jobs_per_second(state, 1);
}
BENCHMARK(decode_one_by_one);

void decode_with_all_members(benchmark::State& state) {
  job_decoder decoder;
  auto text = batch_of(
      R"({"target":{"native":{"handler":"noop"}},"retry":{"limit":2},"timeout":"5s","due_at":"2030-01-31T08:00:00Z",)"
      R"("unique_key":"order-17","external_id":"17","labels":{"team":"a"},"payload":[1,2,3]})");
  for (auto _ : state) benchmark::DoNotOptimize(decoder.decode_batch(text, context).value());
  jobs_per_second(state, batch_size);
}
BENCHMARK(decode_with_all_members);

void general_way(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(job_from_text(usual_job, context).value());
  jobs_per_second(state, 1);
}
BENCHMARK(general_way);

} // namespace
} // namespace wheelwork
