#include "app/delay_queue_config.hpp"

#include "app/client.hpp"
#include "brokers/redis_url.hpp"
#include "persistence/table_prefix.hpp"
#include "schedule/retry_steps.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <yaml-cpp/yaml.h>

namespace wheelwork {
namespace {

constexpr auto redis_name = "delay_queue";
constexpr int64_t year = 31'536'000; // as far as the front's options go
constexpr int64_t retries_max = 1000;
constexpr auto loopback = "127.0.0.1";

/// Reads one file and gathers faults.
class config_reader {
public:
  config_reader(const YAML::Node& root, std::string file) : root_{root}, file_{std::move(file)} {}

  result<delay_queue_config, std::vector<config_fault>> read() {
    if (!root_.IsMap()) {
      add(root_, "", "must have the sections server, queue, redis and master_db");
      return failure(std::move(faults_));
    }
    check_sections();
    read_server();
    read_queue();
    if (section("redis")) read_redis();
    if (section("master_db")) read_database();
    if (!faults_.empty()) return failure(std::move(faults_));
    return std::move(into_);
  }

private:
  void add(const YAML::Node& node, std::string key, std::string message) {
    const auto mark = node ? node.Mark() : YAML::Mark::null_mark();
    faults_.push_back(
        {file_, mark.is_null() ? 0 : static_cast<size_t>(mark.line) + 1, std::move(key), std::move(message)});
  }

  void check_sections() {
    for (const char* name : {"server", "queue", "redis", "master_db"}) {
      const auto node = root_[name];
      if (node && !node.IsNull() && !node.IsMap()) add(node, name, "must be a section with keys");
    }
  }

  /// None: it is missing, has nothing in it, or is none (check_sections() said so).
  std::optional<YAML::Node> section(const char* name) {
    const auto node = root_[name];
    if (!node || node.IsNull()) return std::nullopt;
    if (node.IsMap()) return node;
    return std::nullopt;
  }

  std::optional<YAML::Node> value(const char* in, const char* key) {
    const auto all = section(in);
    if (!all) return std::nullopt;
    const auto node = (*all)[key];
    if (!node || node.IsNull()) return std::nullopt;
    return node;
  }

  std::string text(const char* in, const char* key, std::string otherwise = {}) {
    const auto node = value(in, key);
    if (!node) return otherwise;
    if (node->IsScalar()) return node->Scalar();
    add(*node, std::string{in} + "." + key, "must be a text");
    return otherwise;
  }

  uint32_t number(const char* in, const char* key, int64_t otherwise, int64_t from, int64_t to) {
    const auto node = value(in, key);
    if (!node) return static_cast<uint32_t>(otherwise);
    int64_t read = 0;
    if (node->IsScalar() && YAML::convert<int64_t>::decode(*node, read) && read >= from && read <= to)
      return static_cast<uint32_t>(read);
    add(*node, std::string{in} + "." + key,
        "must be a whole number from " + std::to_string(from) + " to " + std::to_string(to));
    return static_cast<uint32_t>(otherwise);
  }

  /// Hosts with a port behind them.
  static std::string authority(const std::string& host, uint32_t port) {
    const bool six = host.find(':') != std::string::npos && !host.starts_with('[');
    return (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }

  std::string host(const char* in, std::string otherwise) {
    auto read = text(in, "host", std::move(otherwise));
    const bool good = !read.empty() && std::all_of(read.begin(), read.end(), [](char letter) {
      return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
             std::string_view{".-_:[]"}.find(letter) != std::string_view::npos;
    });
    if (!good) add(value(in, "host").value_or(YAML::Node{}), std::string{in} + ".host", "must be a host or an address");
    return read;
  }

  void read_server() {
    // Go's servers listen everywhere when no host is named.
    auto address = value("server", "host") && !text("server", "host").empty() ? host("server", "0.0.0.0") : "0.0.0.0";
    const auto port = number("server", "port", 8080, 1, 65535);
    into_.front.listen = authority(address, port);
    if (address == loopback || address == "localhost" || address == "::1") return;
    into_.front.allow_networks = {"127.0.0.0/8",   "::1/128",        "10.0.0.0/8",
                                  "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"};
    into_.notes.emplace_back(
        "The service let everybody in who reached its port. Here those must be named that may: these "
        "are all private networks, so narrow them, or name tokens, or listen on 127.0.0.1.");
  }

  std::string steps() {
    const auto node = value("queue", "retry_time_config");
    if (!node) return into_.front.retry_time_config;
    if (node->IsScalar()) return node->Scalar();
    std::string all;
    for (const auto& step : *node) {
      if (!node->IsSequence() || !step.IsScalar()) {
        add(*node, "queue.retry_time_config", "must be a list such as [1_5,2_15]");
        return into_.front.retry_time_config;
      }
      all += (all.empty() ? "" : ",") + step.Scalar();
    }
    return all;
  }

  void read_queue() {
    auto& front = into_.front;
    front.queue_key = text("queue", "key", front.queue_key);
    if (front.queue_key.empty()) add(value("queue", "key").value_or(YAML::Node{}), "queue.key", "must not be empty");
    into_.slots = number("queue", "slot", into_.slots, 1, std::numeric_limits<int32_t>::max());
    front.time_interval = number("queue", "time_interval", front.time_interval, 0, year);
    front.max_retry_num = number("queue", "max_retry_num", front.max_retry_num, 0, retries_max);
    front.retry_default_time = number("queue", "retry_default_time", front.retry_default_time, 0, year);
    front.retry_time_config = steps();
    const auto policy = retry_policy_of_steps(front.retry_time_config, front.max_retry_num,
                                              std::chrono::seconds{front.retry_default_time});
    if (!policy)
      add(value("queue", "retry_time_config").value_or(YAML::Node{}), "queue.retry_time_config", policy.error());
  }

  void read_redis() {
    const auto where = authority(host("redis", loopback), number("redis", "port", 6379, 1, 65535));
    into_.front.redis = redis_name;
    into_.redis_url = "redis://" + where + "/0";
    if (const auto database = text("redis", "db_name"); !database.empty() && database != "0")
      into_.notes.emplace_back("redis.db_name is " + database +
                               " in the file, but the service never read that: its list "
                               "is in database 0.");
    if (!text("redis", "db_pwd").empty())
      into_.notes.emplace_back(
          "redis.db_pwd is set in the file, but the service never sent it. If Redis wants it, write "
          "url = \"redis://:PASSWORD@" +
          where + "/0\".");
  }

  void read_database() {
    into_.table_prefix = text("master_db", "prefix");
    if (!is_table_prefix(into_.table_prefix))
      add(*value("master_db", "prefix"), "master_db.prefix", "must be of letters, digits and _");
    const auto user = text("master_db", "db_user"), password = text("master_db", "db_pwd");
    const auto where = authority(host("master_db", loopback), number("master_db", "port", 3306, 1, 65535));
    const auto database = text("master_db", "db_name");
    if (database.empty())
      add(*section("master_db"), "master_db.db_name", "is missing: it is the database that has the tables");
    into_.database_url = "mysql://" + url_part(user) + (password.empty() ? "" : ":" + url_part(password)) +
                         (user.empty() && password.empty() ? "" : "@") + where + "/" + url_part(database);
  }

  YAML::Node root_;
  std::string file_;
  std::vector<config_fault> faults_;
  delay_queue_config into_;
};

std::string toml_text(const std::string& text) {
  // JSON's escapes are TOML's, but for the one control character that JSON lets through.
  auto written = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  for (auto at = written.find('\x7f'); at != std::string::npos; at = written.find('\x7f'))
    written.replace(at, 1, "\\u007f");
  return written;
}

std::string toml_list(const std::vector<std::string>& items) {
  std::string list;
  for (const auto& item : items) list += (list.empty() ? "" : ", ") + toml_text(item);
  return "[" + list + "]";
}

/// A sentence as lines of a comment.
std::string comment(const std::string& sentence) {
  constexpr size_t columns = 100;
  std::string lines, line;
  for (size_t at = 0; at < sentence.size();) {
    const auto end = std::min(sentence.find(' ', at), sentence.size());
    const auto word = sentence.substr(at, end - at);
    if (!line.empty() && line.size() + word.size() >= columns) {
      lines += "#" + line + "\n";
      line.clear();
    }
    line += " " + word;
    at = end + 1;
  }
  return lines + "#" + line + "\n";
}

} // namespace

result<delay_queue_config, std::vector<config_fault>> read_delay_queue_config(const std::string& text,
                                                                              const std::string& file) {
  try {
    return config_reader{YAML::Load(text), file}.read();
  } catch (const YAML::Exception& problem) {
    const auto line = problem.mark.is_null() ? size_t{0} : static_cast<size_t>(problem.mark.line) + 1;
    return failure(std::vector<config_fault>{{file, line, "", "is no YAML: " + problem.msg}});
  }
}

std::string toml_of(const delay_queue_config& config, const std::string& file) {
  const auto& front = config.front;
  std::string text = comment("From " + file + " of a delay_queue service, for wheelwork.toml.");
  for (const auto& note : config.notes) text += comment(note);
  const auto line = [&](const char* key, const std::string& value) { text += std::string{key} + " = " + value + "\n"; };
  if (!config.redis_url.empty()) {
    text += "[redis." + std::string{redis_name} + "]\n";
    line("url", toml_text(config.redis_url));
    text += "\n";
  }
  text += "[front.delay_queue]\n";
  line("listen", toml_text(front.listen));
  if (!front.allow_networks.empty()) line("allow_networks", toml_list(front.allow_networks));
  if (!front.redis.empty()) line("redis", toml_text(front.redis));
  line("queue_key", toml_text(front.queue_key));
  line("retry_time_config", toml_text(front.retry_time_config));
  line("max_retry_num", std::to_string(front.max_retry_num));
  line("retry_default_time", std::to_string(front.retry_default_time));
  line("time_interval", std::to_string(front.time_interval));
  return text;
}

} // namespace wheelwork
