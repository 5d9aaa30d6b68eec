#include "brokers/kafka_client.hpp"

#include "brokers/kafka_membership.hpp"

#include <array>
#include <chrono>
#include <fmt/format.h>
#include <future>
#include <thread>

namespace wheelwork {

namespace {

constexpr int log_warning = 4; ///< as in syslog
constexpr std::chrono::seconds end_wait{5};
constexpr std::chrono::minutes join_wait{5}; ///< longer than any member may hold up its group, unless set otherwise

const kafka_callbacks& callbacks_in(void* opaque) { return *static_cast<const kafka_callbacks*>(opaque); }

void on_log(const rd_kafka_t* handle, int level, const char*, const char* text) {
  void* const opaque = handle ? rd_kafka_opaque(handle) : nullptr;
  if (opaque && callbacks_in(opaque).log) callbacks_in(opaque).log(level, text);
}

void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  if (callbacks_in(opaque).error) callbacks_in(opaque).error(static_cast<rd_kafka_resp_err_t>(code), reason);
}

void on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which, void* opaque) {
  callbacks_in(opaque).rebalance(code, which);
}

void on_commit(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which, void* opaque) {
  callbacks_in(opaque).committed(code, which);
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  callbacks_in(opaque).delivered(*message);
}

std::string set_option(const kafka_conf_ptr& conf, const std::string& name, const std::string& value) {
  std::array<char, 512> words{};
  if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), words.data(), words.size()) == RD_KAFKA_CONF_OK)
    return {};
  return fmt::format("the Kafka option {} = \"{}\" is refused: {}", name, value, words.data());
}

result<kafka_conf_ptr, std::string> make_conf(const kafka_connection_settings& connection,
                                              const kafka_settings& settings) {
  kafka_conf_ptr conf{rd_kafka_conf_new()};
  for (const auto& [name, value] : connection.options)
    if (name == "bootstrap.servers" || name == "metadata.broker.list")
      return failure(fmt::format("the Kafka option {} is given as `brokers`: leave it out", name));
    else if (settings.fixed.contains(name))
      return failure(fmt::format("the Kafka option {} is set by wheelwork itself: leave it out", name));
  auto all = settings.fixed;
  all.insert(connection.options.begin(), connection.options.end());
  all.insert(settings.defaults.begin(), settings.defaults.end());
  if (!connection.brokers.empty()) all["bootstrap.servers"] = connection.brokers;
  for (const auto& [name, value] : all)
    if (auto fault = set_option(conf, name, value); !fault.empty()) return failure(std::move(fault));
  return conf;
}

void set_callbacks(const kafka_conf_ptr& conf, const kafka_callbacks& callbacks) {
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  if (callbacks.rebalance) rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
  if (callbacks.committed) rd_kafka_conf_set_offset_commit_cb(conf.get(), on_commit);
  if (callbacks.delivered) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
}

} // namespace

kafka_partitions_ptr make_kafka_partitions() { return kafka_partitions_ptr{rd_kafka_topic_partition_list_new(4)}; }

void add_partition(const kafka_partitions_ptr& to, const std::string& topic, int32_t partition, int64_t offset) {
  rd_kafka_topic_partition_list_add(to.get(), topic.c_str(), partition)->offset = offset;
}

std::optional<wall_time> kafka_time_of(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t at = rd_kafka_message_timestamp(&message, &kind);
  if (kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || at < 0) return std::nullopt;
  return wall_time{milliseconds{at}};
}

result<std::unique_ptr<kafka_client>, std::string> kafka_client::open(kafka_role role,
                                                                      const kafka_connection_settings& connection,
                                                                      const kafka_settings& settings,
                                                                      kafka_callbacks callbacks) {
  auto conf = make_conf(connection, settings);
  if (!conf) return failure(std::move(conf.error()));
  std::unique_ptr<kafka_client> made{new kafka_client{std::move(callbacks)}};
  rd_kafka_conf_set_opaque(conf->get(), &made->called_->callbacks);
  set_callbacks(*conf, made->called_->callbacks);
  if (role == kafka_role::consumer) made->called_->group.attach(conf->get());
  std::array<char, 512> words{};
  const auto type = role == kafka_role::consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER;
  made->handle_ = rd_kafka_new(type, conf->get(), words.data(), words.size());
  if (!made->handle_) return failure(fmt::format("librdkafka does not take these settings: {}", words.data()));
  static_cast<void>(conf->release()); // the handle has it now
  if (role == kafka_role::consumer) rd_kafka_poll_set_consumer(made->handle_);
  return made;
}

std::string kafka_client::fault(const kafka_connection_settings& connection, const kafka_settings& settings) {
  const auto conf = make_conf(connection, settings);
  return conf ? std::string{} : conf.error();
}

/// On a thread of its own.
void kafka_client::leave_by_itself(rd_kafka_t* handle, std::unique_ptr<called> with) {
  auto& callbacks = with->callbacks; // others may be reading `log`
  callbacks.error = nullptr;
  callbacks.committed = [](auto&&...) {};
  callbacks.rebalance = [handle](rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which) {
    follow_rebalance(handle, code, which);
  };
  if (leave_after_joining(handle, with->group, join_wait)) {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return;
  }
  if (callbacks.log) callbacks.log(log_warning, "a client never got its share of its group; it is left behind");
  static_cast<void>(with.release()); // it goes on to call them
}

kafka_client::~kafka_client() {
  if (!handle_) return;
  if (joins_for_the_first_time(handle_, group())) {
    std::thread{leave_by_itself, handle_, std::move(called_)}.detach();
    return;
  }
  // librdkafka 2.0 sometimes waits for ever for a partition that only its own queue still names (its issues 4362 and
  // 4674), so it ends on a thread that nobody has to wait for.
  const auto log = called_->callbacks.log;
  std::promise<void> ended;
  const auto end = ended.get_future();
  std::thread{[handle = handle_, called = std::move(called_), ended = std::move(ended)]() mutable {
    rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    called.reset();
    ended.set_value();
  }}.detach();
  if (end.wait_for(end_wait) == std::future_status::timeout && log)
    log(log_warning, "librdkafka does not end this client; it is left behind with its threads");
}

std::string kafka_error_text(rd_kafka_resp_err_t code, const kafka_subject& about, std::string_view detail) {
  const std::string said = detail.empty() ? std::string{rd_kafka_err2str(code)} : std::string{detail};
  switch (code) {
  case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
  case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
  case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    return fmt::format("the Kafka topic {} does not exist; create it, or name one that does ({})", about.topic, said);
  case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    return fmt::format("{} can't be the name of a Kafka topic: letters, digits, dots, _ and - are allowed ({})",
                       about.topic, said);
  case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    return fmt::format("this Kafka user has no right to the topic {}; grant it Describe and Read, or Write ({})",
                       about.topic, said);
  case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    return fmt::format("this Kafka user has no right to the group {}; grant it Read ({})", about.group, said);
  case RD_KAFKA_RESP_ERR__AUTHENTICATION:
  case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    return fmt::format("the Kafka brokers refuse this user: look at the options sasl.* of the connection ({})", said);
  case RD_KAFKA_RESP_ERR__SSL:
    return fmt::format("no TLS with the Kafka brokers: look at the options ssl.* of the connection ({})", said);
  case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
  case RD_KAFKA_RESP_ERR__TRANSPORT:
  case RD_KAFKA_RESP_ERR__RESOLVE:
  case RD_KAFKA_RESP_ERR__TIMED_OUT:
  case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    return fmt::format("no Kafka broker answers; it is tried again by itself ({})", said);
  case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
    return fmt::format("the Kafka brokers refuse the session time-out of group {}: set session.timeout.ms between "
                       "their group.min.session.timeout.ms and group.max.session.timeout.ms ({})",
                       about.group, said);
  case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    return fmt::format("other members of the Kafka group {} share out partitions in another way; give all the same "
                       "partition.assignment.strategy, or this pool a group of its own ({})",
                       about.group, said);
  case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
  case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    return fmt::format("the offset committed for the group {} is no longer in the topic {} ({})", about.group,
                       about.topic, said);
  case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    return fmt::format("a message is larger than the topic {} or the connection takes (max.message.bytes of the topic, "
                       "receive.message.max.bytes of the connection) ({})",
                       about.topic, said);
  default: return fmt::format("Kafka: {} ({})", said, rd_kafka_err2name(code));
  }
}

result<kafka_metadata_ptr, std::string> describe_topic(const kafka_client& client, const kafka_subject& about,
                                                       milliseconds at_most) {
  const kafka_topic_ptr topic{rd_kafka_topic_new(client.get(), std::string{about.topic}.c_str(), nullptr)};
  if (!topic) return failure(kafka_error_text(rd_kafka_last_error(), about));
  const rd_kafka_metadata_t* seen = nullptr;
  const auto code = rd_kafka_metadata(client.get(), 0, topic.get(), &seen, static_cast<int>(at_most.count()));
  if (code) return failure(kafka_error_text(code, about));
  kafka_metadata_ptr found{seen};
  if (found->topic_cnt != 1) return failure(kafka_error_text(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, about));
  if (const auto wrong = found->topics[0].err) return failure(kafka_error_text(wrong, about));
  return found;
}

} // namespace wheelwork
