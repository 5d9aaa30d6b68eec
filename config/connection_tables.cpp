#include "config/connection_tables.hpp"

#include "config/expand.hpp"
#include "config/value_text.hpp"

#include <algorithm>
#include <charconv>

namespace wheelwork {
namespace {

constexpr size_t name_max = 64;

constexpr connection_option options[] = {
    {"redis", "url", "string, secret",
     "`redis://USER:PASSWORD@HOST:PORT/DATABASE` (all but the host may be left out), or "
     "`unix://USER:PASSWORD@/PATH?db=DATABASE`.",
     R"("redis://127.0.0.1:6379/0")"},
    {"kafka", "brokers", "string", "HOST:PORT of some brokers of the cluster, with commas between.",
     R"("127.0.0.1:9092")"},
    {"kafka", "options", "table", "Further settings of librdkafka by their names there. A password may be `file:PATH`.",
     R"({"security.protocol" = "SASL_SSL", "sasl.mechanism" = "PLAIN", "sasl.username" = "me", "sasl.password" = "file:/etc/wheelwork/kafka.password"})"},
};

/// Settings of librdkafka that follow from what pools and targets promise.
constexpr std::string_view own_settings[] = {"group.id", "enable.auto.commit", "enable.auto.offset.store",
                                             "enable.idempotence"};
constexpr std::string_view broker_settings[] = {"bootstrap.servers", "metadata.broker.list"};

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_max && std::all_of(text.begin(), text.end(), [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') ||
           each == '_' || each == '-';
  });
}

bool is_number(std::string_view text, uint32_t least, uint32_t most) {
  uint32_t number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool whole = !text.empty() && problem == std::errc{} && end == text.data() + text.size();
  return whole && number >= least && number <= most;
}

bool is_port(std::string_view text) { return is_number(text, 1, 65'535); }

/// Empty: nothing is wrong. Never shows the URL, which may hold a password.
std::string fault_of_redis(std::string_view url) {
  constexpr auto right = "must be redis://USER:PASSWORD@HOST:PORT/DATABASE or unix://USER:PASSWORD@/PATH?db=DATABASE";
  constexpr std::string_view tcp = "redis://", local = "unix://";
  if (url.starts_with(local)) {
    auto path = url.substr(local.size());
    if (auto at = path.find("@/"); !path.starts_with('/') && at != path.npos) path.remove_prefix(at + 1);
    return path.size() > 1 && path.starts_with('/') ? "" : right;
  }
  if (!url.starts_with(tcp)) return right;
  auto rest = url.substr(tcp.size());
  rest = rest.substr(0, rest.find('?'));
  if (auto at = rest.rfind('@'); at != rest.npos) rest.remove_prefix(at + 1);
  auto slash = rest.find('/');
  auto database = slash == rest.npos ? std::string_view{} : rest.substr(slash + 1);
  rest = rest.substr(0, slash);
  auto bracket = rest.starts_with('[') ? rest.find(']') : 0;
  if (bracket == rest.npos) return right;
  auto colon = rest.find(':', bracket);
  auto host = rest.substr(0, colon);
  if (host.empty() || host == "[]") return right;
  if (colon != rest.npos && !is_port(rest.substr(colon + 1)))
    return std::string{"has a port that is no number from 1 to 65535; it "} + right;
  if (!database.empty() && !is_number(database, 0, 1'000'000))
    return std::string{"has a database that is no number; it "} + right;
  return "";
}

/// Empty: nothing is wrong.
std::string fault_of_brokers(std::string_view text) {
  constexpr auto right = " must be HOST:PORT, several with commas between, such as \"kafka-1:9092,kafka-2:9092\"";
  for (size_t begin = 0; begin <= text.size();) {
    auto end = std::min(text.find(',', begin), text.size());
    auto broker = text.substr(begin, end - begin);
    auto colon = broker.rfind(':');
    bool bracket = broker.ends_with(']');
    auto port = colon == broker.npos || bracket ? std::string_view{"9092"} : broker.substr(colon + 1);
    bool host = !broker.empty() && colon != 0 && broker.find_first_of(" \t/@") == broker.npos;
    if (!host || !is_port(port)) return in_quotes(text) + right;
    begin = end + 1;
  }
  return "";
}

template <size_t Count>
bool among(const std::string_view (&names)[Count], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

class connection_reader {
public:
  connection_reader(texts state, broker_connections& into, std::vector<config_fault>& faults)
      : state_{state}, into_{into}, faults_{faults} {}

  void read(const std::string& section, const config_value& tables) {
    const auto* members = tables.table();
    if (members == nullptr)
      return add(tables.origin, section,
                 "is " + std::string{type_name(tables)} + ", must be tables: [" + section + ".NAME]");
    for (const auto& [name, value] : *members) read_one(section, name, value);
  }

private:
  void add(const config_origin& origin, const std::string& key, std::string message) {
    faults_.push_back({origin.file, origin.line, key, std::move(message)});
  }

  void read_one(const std::string& section, const std::string& name, const config_value& value) {
    auto key = section + "." + name;
    const auto* members = value.table();
    if (members == nullptr)
      return add(value.origin, key,
                 "is " + std::string{type_name(value)} + ", must be a table with the name of a connection: [" +
                     section + ".NAME]");
    if (!is_name(name))
      add(value.origin, key,
          in_quotes(name) + " can't be the name of a connection: up to " + std::to_string(name_max) +
              " letters, digits, \"_\" and \"-\"");
    auto known = connection_keys(section);
    for (const auto& [member, inside] : *members)
      if (std::find(known.begin(), known.end(), member) == known.end())
        add(inside.origin, key + "." + member, "unknown key" + did_you_mean(member, known) + list_of(known));
    if (section == "redis")
      read_redis(key, value, into_.redis[name]);
    else
      read_kafka(key, value, into_.kafka[name]);
  }

  static std::string list_of(const std::vector<std::string>& known) {
    std::string all;
    for (const auto& each : known) all += (all.empty() ? "; it has " : ", ") + each;
    return all;
  }

  /// A text of the table; none where there is nothing to check.
  std::optional<std::string> text(const std::string& key, const config_value& table, const std::string& name,
                                  bool secret) {
    const auto* value = find_member(*table.table(), name);
    auto full = key + "." + name;
    if (value == nullptr) {
      if (state_ == texts::expanded) add(table.origin, key, "needs " + name);
      return std::nullopt;
    }
    if (value->text() == nullptr) {
      add(value->origin, full, "is " + std::string{type_name(*value)} + ", must be a string");
      return std::nullopt;
    }
    if (state_ == texts::raw && (secret || has_reference(*value))) return std::nullopt;
    return secret ? secret_of(full, *value) : *value->text();
  }

  std::optional<std::string> secret_of(const std::string& key, const config_value& value) {
    auto secret = read_secret(*value.text());
    if (secret) return *secret;
    add(value.origin, key, secret.error());
    return std::nullopt;
  }

  static bool has_reference(const config_value& value) {
    return !value.verbatim && value.text()->find("${") != std::string::npos;
  }

  void read_redis(const std::string& key, const config_value& table, redis_connection_settings& into) {
    auto url = text(key, table, "url", true);
    if (!url) return;
    if (auto fault = fault_of_redis(*url); !fault.empty())
      return add(find_member(*table.table(), "url")->origin, key + ".url", fault);
    into.url = std::move(*url);
  }

  void read_kafka(const std::string& key, const config_value& table, kafka_connection_settings& into) {
    if (auto brokers = text(key, table, "brokers", false)) {
      if (auto fault = fault_of_brokers(*brokers); !fault.empty())
        add(find_member(*table.table(), "brokers")->origin, key + ".brokers", fault);
      into.brokers = std::move(*brokers);
    }
    const auto* further = find_member(*table.table(), "options");
    if (further == nullptr) return;
    if (further->table() == nullptr)
      return add(further->origin, key + ".options",
                 "is " + std::string{type_name(*further)} + ", must be a table of librdkafka's settings");
    for (const auto& [name, value] : *further->table()) read_setting(key + ".options", name, value, into);
  }

  void read_setting(const std::string& key, const std::string& name, const config_value& value,
                    kafka_connection_settings& into) {
    auto full = key + "." + name;
    // security.protocol without quotes is a table in a table.
    if (value.table() != nullptr)
      return add(value.origin, full, "is a table; write names of settings in quotes: \"" + name + ".…\" = \"…\"");
    if (among(broker_settings, name)) return add(value.origin, full, "stands beside the options, as `brokers`");
    if (among(own_settings, name)) return add(value.origin, full, "is set by wheelwork itself; remove it");
    std::string content;
    if (const auto* truth = std::get_if<bool>(&value.what)) {
      content = *truth ? "true" : "false";
    } else if (const auto* number = std::get_if<int64_t>(&value.what)) {
      content = std::to_string(*number);
    } else if (value.text() == nullptr) {
      return add(value.origin, full,
                 "is " + std::string{type_name(value)} + ", must be a string, an integer or a boolean");
    } else {
      bool secret = name.ends_with("password") || name.ends_with("secret");
      if (state_ == texts::raw && (secret || has_reference(value))) return;
      auto read = secret ? secret_of(full, value) : std::optional{*value.text()};
      if (!read) return;
      content = std::move(*read);
    }
    into.options[name] = std::move(content);
  }

  texts state_;
  broker_connections& into_;
  std::vector<config_fault>& faults_;
};

} // namespace

std::span<const connection_option> connection_options() { return options; }

bool is_connection_section(std::string_view section) { return section == "redis" || section == "kafka"; }

std::vector<std::string> connection_keys(std::string_view section) {
  std::vector<std::string> keys;
  for (const auto& each : options)
    if (each.section == section) keys.emplace_back(each.key);
  return keys;
}

void read_connections(const std::string& section, const config_value& tables, texts state, broker_connections& into,
                      std::vector<config_fault>& faults) {
  connection_reader{state, into, faults}.read(section, tables);
}

} // namespace wheelwork
