#include "actors/node_runners.hpp"

#include "actors/executor.hpp"
#include "targets/kafka_runner.hpp"
#include "targets/redis_runner.hpp"

#include <caf/send.hpp>

namespace wheelwork {

namespace {

constexpr size_t native_threads = 16;
constexpr size_t native_at_once = 20'000;       ///< sleeping and quick handlers hold no thread
constexpr size_t kafka_at_once = 20'000;        ///< records without a report, or acknowledgements that are awaited
constexpr size_t worker_leases_max = 1'000'000; ///< attempts that workers may hold at once
constexpr size_t redis_at_once = 8'192;         ///< of all connections; attempts are pipelined

result<http_runner_settings, std::string> http_settings(const settings& with) {
  auto deny = parse_networks(with.http_target.deny_networks);
  auto allow = parse_networks(with.http_target.allow_networks);
  if (!deny) return failure("http_target.deny_networks: " + deny.error());
  if (!allow) return failure("http_target.allow_networks: " + allow.error());
  http_runner_settings http;
  http.connect_timeout = with.http_target.connect_timeout;
  http.deny_networks = *deny;
  http.allow_networks = *allow;
  http.connections_max = 2 * with.http_target.concurrency; // busy ones count, and each may have an idle one beside it
  http.signing_secret = with.http_target.signing_secret;
  return http;
}

process_runner_settings process_settings(const settings& with, const std::string& helper) {
  process_runner_settings process;
  process.allow = with.process_target.allow;
  process.kill_grace = with.process_target.kill_grace;
  process.output_limit = with.process_target.output_limit;
  process.records_dir = with.node.data_dir + "/processes";
  process.helper_path = helper;
  return process;
}

std::shared_ptr<worker_runner> make_workers(node_runners& made, const runner_surroundings& around,
                                            const dispatcher_actor& dispatcher, results_sink sink) {
  const std::shared_ptr<worker_gauges> gauges{around.statistics, &around.statistics->workers};
  made.acks = std::make_shared<awaited_acks>(*around.clock, gauges);
  worker_demand demand;
  demand.ask = [dispatcher](uint64_t poll, std::vector<std::string> queues, size_t max) {
    caf::anon_send(dispatcher, worker_waits{poll, std::move(queues), max});
  };
  demand.withdraw = [dispatcher](uint64_t poll) { caf::anon_send(dispatcher, worker_left{poll}); };
  demand.end = [dispatcher](uint64_t poll, std::function<void()> free) {
    caf::anon_send(dispatcher, worker_wait_over{poll, std::move(free)});
  };
  return make_worker_runner(made.acks, demand, *around.clock, std::move(sink), gauges);
}

} // namespace

dispatcher_settings dispatcher_bounds(const settings& with, uint16_t writers) {
  dispatcher_settings bounds;
  bounds.writers = writers;
  const auto of_kind = [&](target_kind kind) -> auto& { return bounds.of_kind[static_cast<size_t>(kind)]; };
  of_kind(target_kind::http) = {with.http_target.concurrency, with.http_target.per_host};
  of_kind(target_kind::process) = {with.process_target.concurrency, with.process_target.concurrency};
  of_kind(target_kind::native) = {native_at_once, native_at_once};
  of_kind(target_kind::kafka) = {kafka_at_once, kafka_at_once};
  of_kind(target_kind::worker) = {worker_leases_max, 0}; // no lane: its jobs start when a worker asks for them
  of_kind(target_kind::redis) = {redis_at_once, redis_at_once};
  return bounds;
}

result<std::vector<network>, std::string> parse_networks(const std::vector<std::string>& texts) {
  std::vector<network> networks;
  for (auto& text : texts) {
    auto parsed = parse_network(text);
    if (!parsed) return failure("network " + text + ": " + parsed.error());
    networks.push_back(*parsed);
  }
  return networks;
}

result<node_runners, std::string> make_node_runners(const settings& with, const runner_surroundings& around,
                                                    const dispatcher_actor& dispatcher,
                                                    const std::shared_ptr<const consumer_table>& consumers) {
  const auto http = http_settings(with);
  if (!http) return failure(http.error());
  const auto sink = [&](target_kind kind) { return results_to(dispatcher, consumers, kind); };
  node_runners made;
  const auto of_kind = [&](target_kind kind) -> std::shared_ptr<runner>& {
    return made.of_kind[static_cast<size_t>(kind)];
  };
  try {
    made.http = make_http_runner(*http, around.identity, *around.clock, sink(target_kind::http));
    of_kind(target_kind::http) = made.http;
    made.processes = make_process_runner(process_settings(with, around.process_helper), around.identity, *around.clock,
                                         sink(target_kind::process));
    for (auto& left : made.processes->adopt()) made.adopted.push_back({left.id, left.number});
    of_kind(target_kind::process) = made.processes;
    of_kind(target_kind::native) =
        make_native_runner(around.handlers, native_threads, around.identity, *around.clock, sink(target_kind::native));
    made.workers = make_workers(made, around, dispatcher, sink(target_kind::worker));
    of_kind(target_kind::worker) = made.workers;
    const auto of_kafka = sink(target_kind::kafka), of_redis = sink(target_kind::redis);
    of_kind(target_kind::kafka) = make_kafka_runner(with.brokers.kafka, around.identity, *around.clock, of_kafka,
                                                    ack_awaiter{made.acks, of_kafka});
    of_kind(target_kind::redis) =
        make_redis_runner(with.brokers, around.identity, *around.clock, of_redis, ack_awaiter{made.acks, of_redis});
  } catch (const std::exception& error) {
    return failure(std::string{error.what()});
  }
  return made;
}

} // namespace wheelwork
