#include "targets/redis_runner.hpp"

#include "targets/native_result.hpp"
#include "targets/redis_lane.hpp"

namespace wheelwork {

namespace {

class redis_runner final : public runner {
public:
  redis_runner(const broker_connections& connections, attempt_identity identity, const clock_source& clock,
               results_sink sink, ack_awaiter acks)
      : connections_{connections.redis}, sink_{std::move(sink)} {
    setup_.identity = std::move(identity);
    setup_.clock = &clock;
    setup_.acks = std::move(acks);
    setup_.sink = [this](std::vector<attempt_result> results) { tell(std::move(results)); };
  }
  ~redis_runner() override { stop(); }

  void run(std::vector<attempt_order> orders) override;
  void cancel(job_id id, uint32_t number) override {
    if (setup_.acks) setup_.acks.cancel(id, number);
    for (const auto& [name, lane] : lanes_) lane->cancel(id, number);
  }
  void settled(job_id id, uint32_t number) override {
    if (setup_.acks) setup_.acks.settled(id, number);
  }
  void not_counted(job_id id, uint32_t number) override {
    if (setup_.acks) setup_.acks.not_counted(id, number);
  }
  void stop() override {
    {
      const std::lock_guard lock{sink_mutex_};
      telling_ = false;
    }
    for (const auto& [name, lane] : lanes_) lane->stop();
  }

private:
  result<redis_lane*, std::string> lane_named(const std::string& name);
  void tell(std::vector<attempt_result> results) {
    const std::lock_guard lock{sink_mutex_};
    if (telling_) sink_(std::move(results));
  }

  const std::map<std::string, redis_connection_settings> connections_;
  const results_sink sink_;
  std::mutex sink_mutex_;
  bool telling_ = true;
  redis_lane_setup setup_;
  std::map<std::string, std::unique_ptr<redis_lane>> lanes_;
};

result<redis_lane*, std::string> redis_runner::lane_named(const std::string& name) {
  if (const auto known = lanes_.find(name); known != lanes_.end()) return known->second.get();
  const auto settings = connections_.find(name);
  if (settings == connections_.end())
    return failure("there is no connection " + name + ": the configuration needs a table [redis." + name +
                   "] with a url");
  const auto address = parse_redis_url(settings->second.url);
  if (!address) return failure("the url of [redis." + name + "] " + address.error());
  return (lanes_[name] = std::make_unique<redis_lane>(setup_, *address)).get();
}

void redis_runner::run(std::vector<attempt_order> orders) {
  std::vector<attempt_result> refused;
  for (auto& order : orders) {
    const auto* target = std::get_if<redis_target>(&order.what.how->how);
    const auto lane = target ? lane_named(target->connection)
                             : result<redis_lane*, std::string>{failure(std::string{"this is no redis target"})};
    if (lane) {
      (*lane)->add(std::move(order));
      continue;
    }
    auto result = result_for(order);
    result.started = false;
    result.started_at = result.finished_at = setup_.clock->wall_now();
    result.error = lane.error();
    refused.push_back(std::move(result));
  }
  if (!refused.empty()) tell(std::move(refused));
}

} // namespace

std::unique_ptr<runner> make_redis_runner(const broker_connections& connections, attempt_identity identity,
                                          const clock_source& clock, results_sink sink, ack_awaiter acks) {
  return std::make_unique<redis_runner>(connections, std::move(identity), clock, std::move(sink), std::move(acks));
}

} // namespace wheelwork
