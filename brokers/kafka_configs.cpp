#include "brokers/kafka_configs.hpp"

#include <array>

namespace wheelwork {
namespace {

struct free_admin {
  void operator()(rd_kafka_ConfigResource_t* one) const { rd_kafka_ConfigResource_destroy(one); }
  void operator()(rd_kafka_AdminOptions_t* one) const { rd_kafka_AdminOptions_destroy(one); }
};

kafka_configs values_in(const rd_kafka_ConfigResource_t* answer) {
  size_t count = 0;
  const auto* entries = rd_kafka_ConfigResource_configs(answer, &count);
  kafka_configs found;
  for (size_t each = 0; each < count; ++each)
    if (const auto* value = rd_kafka_ConfigEntry_value(entries[each]))
      found.emplace(rd_kafka_ConfigEntry_name(entries[each]), value);
  return found;
}

result<kafka_configs, std::string> configs_of(const kafka_client& client, rd_kafka_ResourceType_t kind,
                                              const std::string& name, milliseconds at_most) {
  const kafka_subject about{kind == RD_KAFKA_RESOURCE_TOPIC ? name : std::string_view{}, {}};
  const int wait = static_cast<int>(at_most.count());
  std::array<char, 256> words{};
  const std::unique_ptr<rd_kafka_AdminOptions_t, free_admin> options{
      rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)};
  if (rd_kafka_AdminOptions_set_request_timeout(options.get(), wait, words.data(), words.size()))
    return failure(std::string{words.data()});
  const std::unique_ptr<rd_kafka_ConfigResource_t, free_admin> wanted{rd_kafka_ConfigResource_new(kind, name.c_str())};
  rd_kafka_ConfigResource_t* all[] = {wanted.get()};
  const kafka_queue_ptr answers{rd_kafka_queue_new(client.get())};
  rd_kafka_DescribeConfigs(client.get(), all, 1, options.get(), answers.get());
  const kafka_event_ptr answer{rd_kafka_queue_poll(answers.get(), wait)};
  if (!answer) return failure(kafka_error_text(RD_KAFKA_RESP_ERR__TIMED_OUT, about));
  if (const auto code = rd_kafka_event_error(answer.get()))
    return failure(kafka_error_text(code, about, rd_kafka_event_error_string(answer.get())));
  size_t count = 0;
  const auto* resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  if (count != 1) return failure(std::string{"the brokers told no settings"});
  if (const auto code = rd_kafka_ConfigResource_error(resources[0])) {
    const char* said = rd_kafka_ConfigResource_error_string(resources[0]);
    return failure(kafka_error_text(code, about, said ? said : ""));
  }
  return values_in(resources[0]);
}

} // namespace

result<kafka_configs, std::string> configs_of_broker(const kafka_client& client, int32_t broker, milliseconds at_most) {
  return configs_of(client, RD_KAFKA_RESOURCE_BROKER, std::to_string(broker), at_most);
}

result<kafka_configs, std::string> configs_of_topic(const kafka_client& client, const std::string& topic,
                                                    milliseconds at_most) {
  return configs_of(client, RD_KAFKA_RESOURCE_TOPIC, topic, at_most);
}

} // namespace wheelwork
