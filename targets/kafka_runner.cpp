#include "targets/kafka_runner.hpp"

#include "targets/kafka_outbox.hpp"

#include <fmt/format.h>

namespace wheelwork {

namespace {

class topic_runner final : public runner {
public:
  topic_runner(std::map<std::string, kafka_connection_settings> connections, kafka_outbox_context context)
      : connections_{std::move(connections)}, context_{std::move(context)} {}

  void run(std::vector<attempt_order> orders) override;
  void cancel(job_id id, uint32_t number) override;
  void settled(job_id id, uint32_t number) override {
    if (context_.acks) context_.acks.settled(id, number);
  }
  void not_counted(job_id id, uint32_t number) override {
    if (context_.acks) context_.acks.not_counted(id, number);
  }
  void stop() override { outboxes_.clear(); }

private:
  kafka_outbox* outbox_of(const std::string& connection);
  attempt_result refusal(const attempt_order& order) const;

  const std::map<std::string, kafka_connection_settings> connections_;
  const kafka_outbox_context context_;
  std::map<std::string, std::unique_ptr<kafka_outbox>> outboxes_;
};

kafka_outbox* topic_runner::outbox_of(const std::string& connection) {
  if (const auto made = outboxes_.find(connection); made != outboxes_.end()) return made->second.get();
  const auto known = connections_.find(connection);
  if (known == connections_.end()) return nullptr;
  auto& outbox = outboxes_[connection];
  outbox = std::make_unique<kafka_outbox>(connection, known->second, context_);
  return outbox.get();
}

attempt_result topic_runner::refusal(const attempt_order& order) const {
  attempt_result made;
  made.id = order.what.id;
  made.number = order.number;
  made.started_at = made.finished_at = context_.clock.wall_now();
  made.started = false;
  const auto& name = std::get<kafka_target>(order.what.how->how).connection;
  made.error =
      fmt::format("there is no connection {}: the configuration needs a table [kafka.{}] with brokers", name, name);
  return made;
}

void topic_runner::run(std::vector<attempt_order> orders) {
  std::map<kafka_outbox*, std::vector<attempt_order>> by_outbox;
  std::vector<attempt_result> refused;
  for (auto& order : orders) {
    auto* const outbox = outbox_of(std::get<kafka_target>(order.what.how->how).connection);
    if (outbox)
      by_outbox[outbox].push_back(std::move(order));
    else
      refused.push_back(refusal(order));
  }
  for (auto& [outbox, some] : by_outbox) outbox->send(std::move(some));
  if (!refused.empty()) context_.sink(std::move(refused));
}

void topic_runner::cancel(job_id id, uint32_t number) {
  for (const auto& [connection, outbox] : outboxes_)
    if (outbox->cancel(id, number)) break;
  // It may have been written already and await its acknowledgement.
  if (context_.acks) context_.acks.cancel(id, number);
}

} // namespace

std::unique_ptr<runner> make_kafka_runner(std::map<std::string, kafka_connection_settings> connections,
                                          attempt_identity identity, const clock_source& clock, results_sink sink,
                                          ack_awaiter acks) {
  return std::make_unique<topic_runner>(
      std::move(connections), kafka_outbox_context{std::move(identity), clock, std::move(sink), std::move(acks)});
}

} // namespace wheelwork
