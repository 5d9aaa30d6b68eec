#include "app/kafka_findings.hpp"

#include "brokers/kafka_configs.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace wheelwork {
namespace {

constexpr milliseconds answer_wait{5000};  ///< for each question
constexpr milliseconds whole_wait{12'000}; ///< then what is left is not asked

enum class topic_use : uint8_t { read, written, dead_letters };

struct used_topic {
  std::string name;
  topic_use use;
  std::string pool;
};

std::string_view words_of(topic_use use) {
  switch (use) {
  case topic_use::read: return "which is read";
  case topic_use::written: return "which is written";
  case topic_use::dead_letters: return "for dead letters";
  }
  return "";
}

/// Each topic once with each of its uses.
std::vector<used_topic> topics_of(const std::vector<pool_definition>& pools, const std::string& connection) {
  std::vector<used_topic> all;
  for (const auto& pool : pools) {
    const auto* from = std::get_if<kafka_source>(&pool.source);
    if (from && from->connection == connection) {
      all.push_back({from->topic, topic_use::read, pool.name});
      if (!pool.journal) all.push_back({pool.dead_letter, topic_use::dead_letters, pool.name});
    }
    const auto* to = pool.how ? std::get_if<kafka_target>(&pool.how->how) : nullptr;
    if (to && to->connection == connection) all.push_back({to->topic, topic_use::written, pool.name});
  }
  return all;
}

int number_in(const kafka_configs& all, const std::string& name) {
  int number = 0;
  if (const auto found = all.find(name); found != all.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

/// One connection while it is looked at.
class kafka_examination {
public:
  kafka_examination(const std::string& name, const kafka_connection_settings& connection, const clock_source& clock)
      : check_{"kafka." + name}, connection_{connection}, clock_{clock}, until_{clock.steady_now() + whole_wait} {}

  std::vector<finding> run(const std::vector<used_topic>& topics);

private:
  void tell(severity level, std::string found, std::string advice = {}) {
    found_.push_back({check_, level, std::move(found), std::move(advice)});
  }
  bool open();
  bool look_at_cluster();
  void look_at_broker(const rd_kafka_metadata_t& cluster);
  void look_at_topic(const used_topic& topic);
  void tell_missing(const used_topic& topic, const std::string& why);
  void look_at_replicas(const used_topic& topic, const rd_kafka_metadata_topic_t& seen);
  milliseconds left() const {
    return std::clamp(std::chrono::floor<milliseconds>(until_ - clock_.steady_now()), milliseconds{0}, answer_wait);
  }

  const std::string check_;
  const kafka_connection_settings& connection_;
  const clock_source& clock_;
  const std::chrono::steady_clock::time_point until_;
  std::unique_ptr<kafka_client> client_;
  std::string last_error_;
  int brokers_ = 0;
  std::optional<bool> makes_topics_; ///< none: it does not tell
  bool tells_configs_ = true;
  std::vector<finding> found_;
};

bool kafka_examination::open() {
  kafka_settings settings;
  // The group is never joined; without a name of one nothing can be polled.
  settings.defaults = {
      {"socket.timeout.ms", "5000"}, {"allow.auto.create.topics", "false"}, {"group.id", "wheelwork-doctor"}};
  kafka_callbacks callbacks;
  callbacks.log = [](int, const std::string&) {}; // what matters comes as an error, too
  callbacks.error = [this](rd_kafka_resp_err_t code, const std::string& reason) {
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || last_error_.empty()) last_error_ = reason;
  };
  auto made = kafka_client::open(kafka_role::consumer, connection_, settings, std::move(callbacks));
  if (made) {
    client_ = std::move(*made);
    return true;
  }
  tell(severity::error, made.error(), "mend " + check_);
  return false;
}

bool kafka_examination::look_at_cluster() {
  const rd_kafka_metadata_t* seen = nullptr;
  const auto code = rd_kafka_metadata(client_->get(), 0, nullptr, &seen, static_cast<int>(left().count()));
  if (code) {
    const kafka_message_ptr event{rd_kafka_consumer_poll(client_->get(), 0)}; // brings the error in its own words
    tell(severity::error, kafka_error_text(code, {}, last_error_), "pools and targets that name it can't work");
    return false;
  }
  const kafka_metadata_ptr cluster{seen};
  brokers_ = cluster->broker_cnt;
  look_at_broker(*cluster);
  return true;
}

void kafka_examination::look_at_broker(const rd_kafka_metadata_t& cluster) {
  std::string version;
  const auto configs = configs_of_broker(*client_, cluster.orig_broker_id, left());
  if (configs) {
    // Kafka tells clients no version; this is the nearest that it tells, as long as it has the setting.
    if (const auto found = configs->find("inter.broker.protocol.version"); found != configs->end())
      version = " " + found->second.substr(0, found->second.find('-'));
    if (const auto found = configs->find("auto.create.topics.enable"); found != configs->end())
      makes_topics_ = found->second == "true";
  }
  tell(severity::ok,
       fmt::format("Kafka{} with {} broker{} at {}", version, brokers_, brokers_ == 1 ? "" : "s", connection_.brokers));
  if (configs) return;
  tells_configs_ = false;
  tell(severity::note, "the settings of brokers and topics can't be read: " + configs.error(),
       "grant this user DescribeConfigs on the cluster and its topics to have them looked at");
}

void kafka_examination::tell_missing(const used_topic& topic, const std::string& why) {
  const auto whose = fmt::format("pool {}, topic {} {}: ", topic.pool, topic.name, words_of(topic.use));
  const auto make_it = "create the topic " + topic.name;
  if (topic.use != topic_use::dead_letters) return tell(severity::error, whose + why, make_it);
  if (makes_topics_ == true)
    tell(severity::note, whose + "it does not exist, and the brokers make it with the first dead letter",
         make_it + " yourself where their defaults for new topics (partitions, replicas, retention) are not right");
  else
    tell(severity::warning, whose + why + "; until it exists nothing can be buried, and its order may stand still",
         make_it);
}

void kafka_examination::look_at_topic(const used_topic& topic) {
  const auto whose = fmt::format("pool {}, topic {} {}: ", topic.pool, topic.name, words_of(topic.use));
  if (left() <= milliseconds{0})
    return tell(severity::note, whose + "not looked at, for the brokers answer too slowly");
  const auto seen = describe_topic(*client_, {topic.name, {}}, left());
  if (!seen && seen.error().find("does not exist") != std::string::npos) return tell_missing(topic, seen.error());
  if (!seen) return tell(severity::error, whose + seen.error());
  look_at_replicas(topic, (*seen)->topics[0]);
}

void kafka_examination::look_at_replicas(const used_topic& topic, const rd_kafka_metadata_topic_t& seen) {
  const auto whose = fmt::format("pool {}, topic {} {}: ", topic.pool, topic.name, words_of(topic.use));
  int leaderless = 0, behind = 0, replicas = seen.partition_cnt > 0 ? seen.partitions[0].replica_cnt : 0;
  for (int each = 0; each < seen.partition_cnt; ++each) {
    const auto& partition = seen.partitions[each];
    leaderless += partition.leader < 0;
    behind += partition.isr_cnt < partition.replica_cnt;
    replicas = std::min(replicas, partition.replica_cnt);
  }
  const auto before = found_.size();
  if (leaderless > 0)
    tell(severity::error, whose + fmt::format("{} of {} partitions have no leader", leaderless, seen.partition_cnt),
         "look after the brokers that hold them: their records stand still");
  else if (behind > 0)
    tell(severity::warning,
         whose + fmt::format("{} of {} partitions have replicas that lag behind", behind, seen.partition_cnt),
         "look after the brokers that are missing");
  if (replicas == 1)
    tell(brokers_ > 1 ? severity::warning : severity::note,
         whose + "it has one replica: a broker that is lost takes its records with it",
         "have 3 replicas where no record may be lost");
  const auto configs = tells_configs_ && replicas > 1 ? configs_of_topic(*client_, topic.name, left())
                                                      : result<kafka_configs, std::string>{kafka_configs{}};
  const int in_sync = configs ? number_in(*configs, "min.insync.replicas") : 0;
  if (replicas > 1 && in_sync == 1)
    tell(severity::warning,
         whose +
             fmt::format("min.insync.replicas is 1 with {} replicas: what one broker alone has can be lost", replicas),
         "set min.insync.replicas=2 for the topic");
  else if (replicas > 1 && in_sync >= replicas)
    tell(severity::warning,
         whose + fmt::format("min.insync.replicas is {} with {} replicas: nothing can be written while one broker is "
                             "away",
                             in_sync, replicas),
         "have one replica more than min.insync.replicas");
  if (!configs) tell(severity::note, whose + configs.error());
  if (found_.size() == before)
    tell(severity::ok, whose + fmt::format("{} partition{}, {} replica{}", seen.partition_cnt,
                                           seen.partition_cnt == 1 ? "" : "s", replicas, replicas == 1 ? "" : "s"));
}

std::vector<finding> kafka_examination::run(const std::vector<used_topic>& topics) {
  if (open() && look_at_cluster())
    for (const auto& topic : topics) look_at_topic(topic);
  return std::move(found_);
}

} // namespace

std::vector<finding> look_at_kafka(const std::string& name, const kafka_connection_settings& connection,
                                   const std::vector<pool_definition>& pools, const clock_source& clock) {
  return kafka_examination{name, connection, clock}.run(topics_of(pools, name));
}

} // namespace wheelwork
