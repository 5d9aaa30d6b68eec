#include "api/statistics_json.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <functional>

namespace wheelwork {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class family_list {
public:
  void counter(std::string name, std::string help, uint64_t value) {
    labelled_counter(std::move(name), std::move(help), "", {{"", value}});
  }
  void labelled_counter(std::string name, std::string help, const std::string& label,
                        std::initializer_list<std::pair<const char*, uint64_t>> values) {
    MetricFamily family{std::move(name), std::move(help), MetricType::Counter, {}};
    for (const auto& [text, value] : values) {
      ClientMetric metric;
      if (!label.empty()) metric.label.push_back({label, text});
      metric.counter.value = static_cast<double>(value);
      family.metric.push_back(std::move(metric));
    }
    families.push_back(std::move(family));
  }
  void gauge(std::string name, std::string help, double value) {
    ClientMetric metric;
    metric.gauge.value = value;
    families.push_back({std::move(name), std::move(help), MetricType::Gauge, {std::move(metric)}});
  }
  void quantiles(std::string name, std::string help, std::initializer_list<std::pair<const char*, double>> values) {
    MetricFamily family{std::move(name), std::move(help), MetricType::Gauge, {}};
    for (const auto& [text, value] : values) {
      ClientMetric metric;
      metric.label.push_back({"quantile", text});
      metric.gauge.value = value;
      family.metric.push_back(std::move(metric));
    }
    families.push_back(std::move(family));
  }

  /// One value for each pool; pools that don't know theirs are left out.
  void of_pools(std::string name, std::string help, MetricType type, const std::vector<pool_view>& pools,
                const std::function<std::optional<double>(const pool_status&)>& value_of) {
    MetricFamily family{std::move(name), std::move(help), type, {}};
    for (const auto& pool : pools) {
      const auto value = value_of(pool.status);
      if (!value) continue;
      ClientMetric metric;
      metric.label.push_back({"pool", pool.definition->name});
      (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = *value;
      family.metric.push_back(std::move(metric));
    }
    if (!family.metric.empty()) families.push_back(std::move(family));
  }

  std::vector<MetricFamily> families;
};

void add_totals(family_list& list, const node_statistics& counts) {
  list.labelled_counter("wheelwork_jobs_finished_total", "Jobs that reached a final state since the node started.",
                        "state",
                        {{"succeeded", counts.succeeded}, {"dead", counts.dead}, {"cancelled", counts.cancelled}});
  list.labelled_counter("wheelwork_attempts_total", "Attempts by outcome since the node started.", "outcome",
                        {{"succeeded", counts.attempts_succeeded},
                         {"failed", counts.failed},
                         {"timed_out", counts.timed_out},
                         {"lost", counts.lost},
                         {"late", counts.late}});
  list.counter("wheelwork_fires_skipped_total", "Fires that made no job since the node started.", counts.skipped);
  list.counter("wheelwork_jobs_pushed_total", "Jobs accepted since the node started.", counts.pushed_total);
  list.counter("wheelwork_attempts_started_total", "Attempts started since the node started.", counts.started_total);
  list.counter("wheelwork_attempts_finished_total", "Attempts finished since the node started.", counts.finished_total);
  list.counter("wheelwork_journal_commits_total", "Transactions committed since the node started.", counts.commits);
  list.counter("wheelwork_journal_commit_failures_total", "Transactions that failed since the node started.",
               counts.commit_failures);
  list.counter("wheelwork_journal_rows_total", "Rows written since the node started.", counts.journal_rows);
  list.counter("wheelwork_clock_jumps_total", "Jumps of the wall clock seen since the node started.",
               counts.clock_jumps);
  list.counter("wheelwork_background_failures_total", "Failures of background duties since the node started.",
               counts.background_failures);
}

void add_gauges(family_list& list, const node_statistics& counts, const api_gauges& gauges,
                std::chrono::steady_clock::time_point now) {
  if (const auto live = live_jobs_of(counts)) {
    list.gauge("wheelwork_jobs_pending", "Live jobs that wait.", static_cast<double>(live->pending));
    list.gauge("wheelwork_jobs_running", "Live jobs with a running attempt.", static_cast<double>(live->running));
  }
  list.gauge("wheelwork_jobs_armed", "Jobs held in RAM until they are due.", static_cast<double>(counts.armed));
  list.gauge("wheelwork_jobs_queued", "Due jobs that wait for a free executor.", static_cast<double>(counts.queued));
  list.gauge("wheelwork_attempts_in_flight", "Attempts at executors.", static_cast<double>(counts.in_flight));
  const auto lateness = counts.lateness.summarize(now);
  list.quantiles("wheelwork_start_lateness_seconds",
                 "Due time to start, over the last minute; quantile 1 is the maximum.",
                 {{"0.5", lateness.p50_ms / 1000}, {"0.99", lateness.p99_ms / 1000}, {"1", lateness.max_ms / 1000}});
  list.gauge("wheelwork_worker_polls_waiting", "Polls of workers that wait for a job.",
             static_cast<double>(counts.workers.polls));
  list.gauge("wheelwork_worker_leases", "Attempts that workers hold.", static_cast<double>(counts.workers.leases));
  list.gauge("wheelwork_acknowledgements_awaited",
             "Attempts, those of workers included, that somebody outside must acknowledge.",
             static_cast<double>(counts.workers.acks));
  list.gauge("wheelwork_api_connections", "Open HTTP connections.", static_cast<double>(gauges.connections));
  list.gauge("wheelwork_api_pushes_in_flight", "Jobs received and not yet answered.",
             static_cast<double>(gauges.pushes_in_flight));
  list.gauge("wheelwork_ready", "1 while /readyz answers 200.", gauges.ready ? 1 : 0);
}

void add_pool_totals(family_list& list, const std::vector<pool_view>& pools) {
  const auto counter = [&](const char* name, const char* help, uint64_t pool_status::*member) {
    list.of_pools(name, help, MetricType::Counter, pools,
                  [member](const pool_status& status) { return static_cast<double>(status.*member); });
  };
  counter("wheelwork_pool_messages_taken_total", "Messages taken from the source since the node started.",
          &pool_status::taken);
  counter("wheelwork_pool_messages_succeeded_total", "Messages handled since the node started.",
          &pool_status::succeeded);
  counter("wheelwork_pool_attempts_failed_total", "Attempts at messages that failed since the node started.",
          &pool_status::failed_attempts);
  counter("wheelwork_pool_dead_letters_total", "Messages given up since the node started.", &pool_status::dead_letters);
  counter("wheelwork_pool_messages_recovered_total",
          "Messages of consumers that died, given back since the node started.", &pool_status::recovered);
}

void add_pool_gauges(family_list& list, const std::vector<pool_view>& pools, wall_time now) {
  const auto gauge = [&](const char* name, const char* help,
                         const std::function<std::optional<double>(const pool_status&)>& value_of) {
    list.of_pools(name, help, MetricType::Gauge, pools, value_of);
  };
  gauge("wheelwork_pool_lag", "Messages that wait in the source; absent while it can't be read.",
        [](const pool_status& status) {
          return status.lag ? std::optional{static_cast<double>(*status.lag)} : std::nullopt;
        });
  gauge("wheelwork_pool_consumers", "Consumers that live now.",
        [](const pool_status& status) { return static_cast<double>(status.consumers); });
  gauge("wheelwork_pool_consumers_wanted", "Consumers that the policy asks for.",
        [](const pool_status& status) { return static_cast<double>(status.wanted); });
  gauge("wheelwork_pool_messages_in_flight", "Messages at the target.",
        [](const pool_status& status) { return static_cast<double>(status.in_flight); });
  gauge("wheelwork_pool_messages_in_hand", "Messages that consumers have taken and not finished.",
        [](const pool_status& status) { return static_cast<double>(status.in_hand); });
  gauge("wheelwork_pool_messages_waiting_for_retry", "Messages that failed and wait for their next attempt.",
        [](const pool_status& status) { return static_cast<double>(status.waiting_for_retry); });
  gauge("wheelwork_pool_messages_per_second", "Messages handled a second, over the last minute.",
        [](const pool_status& status) { return status.handled_per_second; });
  gauge("wheelwork_pool_oldest_message_age_seconds",
        "How long the oldest message waits; absent where the source does not tell.",
        [now](const pool_status& status) -> std::optional<double> {
          if (!status.oldest) return std::nullopt;
          return std::max(0.0, std::chrono::duration<double>(now - *status.oldest).count());
        });
  gauge("wheelwork_pool_failing", "1 while the source or the consumers fail.",
        [](const pool_status& status) { return status.failure.empty() ? 0.0 : 1.0; });
}

} // namespace

std::string statistics_as_metrics(const node_statistics& statistics, const api_gauges& gauges,
                                  const std::vector<pool_view>& pools, const clock_source& clock) {
  family_list list;
  add_totals(list, statistics);
  add_gauges(list, statistics, gauges, clock.steady_now());
  add_pool_totals(list, pools);
  add_pool_gauges(list, pools, clock.wall_now());
  return prometheus::TextSerializer{}.Serialize(list.families);
}

} // namespace wheelwork
