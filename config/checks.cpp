#include "config/checks.hpp"

#include "config/value_text.hpp"
#include "schedule/retry_steps.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <set>

namespace wheelwork {
namespace {

template <class Number>
bool read_number(std::string_view text, Number most, Number& into) {
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), into);
  return !text.empty() && problem == std::errc{} && end == text.data() + text.size() && into <= most;
}

/// Empty: well formed.
std::string fault_of_network(const std::string& text) {
  auto slash = text.find('/');
  auto address = text.substr(0, slash);
  in6_addr binary{};
  bool four = inet_pton(AF_INET, address.c_str(), &binary) == 1;
  bool six = !four && inet_pton(AF_INET6, address.c_str(), &binary) == 1;
  if (address.find('\0') != std::string::npos || (!four && !six))
    return in_quotes(text) + " is no network; write \"10.0.0.0/8\", \"fe80::/10\" or a single address";
  unsigned bits = 0;
  if (slash != std::string::npos && !read_number(std::string_view{text}.substr(slash + 1), four ? 32u : 128u, bits))
    return in_quotes(text) + " must have a prefix from /0 to " + (four ? "/32" : "/128");
  return "";
}

const std::string known_databases = "write sqlite://PATH, postgres://USER:PASSWORD@HOST/DATABASE or "
                                    "mysql://USER:PASSWORD@HOST/DATABASE";

/// Empty: one that this program can open.
std::string fault_of_database(const std::string& url) {
  auto middle = url.find("://");
  auto scheme = url.substr(0, middle);
  if (middle == std::string::npos) return "is no database URL; " + known_databases;
  auto rest = url.substr(middle + 3);
  if (scheme == "sqlite")
    return rest.empty()                           ? "needs a path behind sqlite://"
           : rest.find('\0') != std::string::npos ? "must not hold a NUL character"
                                                  : "";
  if (scheme == "memory")
    return "memory:// forgets everything with the process and is for tests only; " + known_databases;
  if (scheme != "postgres" && scheme != "postgresql" && scheme != "mysql" && scheme != "mariadb")
    return "unknown database " + in_quotes(scheme) + "; " + known_databases;
  auto question = rest.find('?');
  auto place = rest.substr(0, question);
  auto host = place.substr(place.rfind('@') == std::string::npos ? 0 : place.rfind('@') + 1);
  auto slash = host.find('/');
  // A Unix socket has no place before the path: ?host=/var/run/postgresql, ?socket=/run/mysqld/mysqld.sock.
  const char* socket = scheme == "postgres" || scheme == "postgresql" ? "host=" : "socket=";
  bool host_missing = slash == 0 && (question == std::string::npos || rest.find(socket, question) == std::string::npos);
  if (host.empty() || host_missing || slash == std::string::npos || slash + 1 == host.size())
    return "must be " + scheme + "://USER:PASSWORD@HOST/DATABASE";
  return "";
}

bool is_table_prefix(const std::string& text) {
  auto word = [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') || each == '_';
  };
  bool digit_first = !text.empty() && text.front() >= '0' && text.front() <= '9';
  return text.size() <= 32 && !digit_first && std::all_of(text.begin(), text.end(), word);
}

bool is_node_name(const std::string& text) {
  return !text.empty() && text.size() <= 255 && std::none_of(text.begin(), text.end(), [](char each) {
    auto byte = static_cast<unsigned char>(each);
    return byte < 0x20 || byte == 0x7f || each == '/';
  });
}

class checker {
public:
  checker(const settings& all, const option_origins& origins, const config_origin& fallback,
          std::vector<config_fault>& faults)
      : all_{all}, origins_{origins}, fallback_{fallback}, faults_{faults} {}

  void run() {
    check_node();
    check_database();
    check_api();
    check_networks("http_target.deny_networks", all_.http_target.deny_networks);
    check_networks("http_target.allow_networks", all_.http_target.allow_networks);
    check_processes();
    check_cluster();
    check_delay_queue();
  }

private:
  void add(const std::string& key, std::string message) {
    auto found = origins_.find(key);
    const auto& origin = found == origins_.end() ? fallback_ : found->second;
    faults_.push_back({origin.file, origin.line, key, std::move(message)});
  }

  void check_node() {
    if (!is_node_name(all_.node.name))
      add("node.name", in_quotes(all_.node.name) + " must be 1 to 255 bytes without control characters or \"/\"");
    if (all_.node.roles.empty()) add("node.roles", "must name at least one of \"scheduler\", \"executor\", \"api\"");
    std::set<std::string> seen;
    for (const auto& role : all_.node.roles)
      if (!seen.insert(role).second) add("node.roles", "names " + in_quotes(role) + " twice");
    if (!all_.node.roles.empty() && seen.size() < 3)
      add("node.roles", "nodes with only some of the roles are not built yet; remove this key");
    if (all_.node.data_dir.empty()) add("node.data_dir", "must not be empty");
  }

  void check_database() {
    if (auto fault = fault_of_database(all_.database.url); !fault.empty()) add("database.url", fault);
    if (!is_table_prefix(all_.database.table_prefix))
      add("database.table_prefix", in_quotes(all_.database.table_prefix) +
                                       " must be up to 32 letters, digits and \"_\", and not begin with a digit");
  }

  void check_api() {
    auto address = parse_listen_address(all_.api.listen);
    if (!address)
      add("api.listen", address.error());
    else if (!is_loopback(address->host) && all_.api.tokens.empty())
      add("api.listen", in_quotes(all_.api.listen) +
                            " can be reached from other machines; that needs [[api.tokens]], or listen on 127.0.0.1");
    for (const auto& host : all_.api.hosts)
      if (host.empty() || host.find_first_of(" \t/@") != std::string::npos)
        add("api.hosts",
            in_quotes(host) + " is no host; write a name without scheme and path, such as \"jobs.example.org\"");
  }

  void check_networks(const std::string& key, const std::vector<std::string>& networks) {
    for (const auto& text : networks)
      if (auto fault = fault_of_network(text); !fault.empty()) add(key, fault);
  }

  void check_processes() {
    for (const auto& path : all_.process_target.allow)
      if (!path.starts_with('/') && !path.starts_with('*'))
        add("process_target.allow", in_quotes(path) + " must be an absolute path, such as \"/usr/bin/" +
                                        (path.empty() ? "true" : path.substr(path.rfind('/') + 1)) + "\"");
  }

  void check_cluster() {
    const auto& cluster = all_.cluster;
    bool tls = !cluster.tls_certificate.empty() && !cluster.tls_key.empty() && !cluster.tls_ca.empty();
    auto address = parse_listen_address(cluster.listen);
    if (!address)
      add("cluster.listen", address.error());
    else if (!is_loopback(address->host) && !tls)
      add("cluster.listen", in_quotes(cluster.listen) +
                                " can be reached from other machines; that needs tls_certificate, tls_key and tls_ca");
    for (const auto& [key, text] :
         {std::pair{"cluster.advertise", &cluster.advertise},
          std::pair{"cluster.tls_certificate", &cluster.tls_certificate},
          std::pair{"cluster.tls_key", &cluster.tls_key}, std::pair{"cluster.tls_ca", &cluster.tls_ca}})
      if (!text->empty()) add(key, "clusters are not built yet; remove this key");
    if (cluster.name.empty()) add("cluster.name", "must not be empty");
  }

  void check_delay_queue() {
    const auto& front = all_.delay_queue;
    const std::string section = "front.delay_queue.";
    if (!front.listen.empty()) {
      auto address = parse_listen_address(front.listen);
      if (!address)
        add(section + "listen", address.error());
      else if (!is_loopback(address->host) && front.tokens.empty() && front.allow_networks.empty())
        add(section + "listen", in_quotes(front.listen) + " can be reached from other machines; that needs tokens or "
                                                          "allow_networks, or listen on 127.0.0.1");
    }
    check_networks(section + "allow_networks", front.allow_networks);
    if (!front.redis.empty() && !all_.brokers.redis.contains(front.redis))
      add(section + "redis", "there is no connection [redis." + front.redis + "]");
    if (front.queue_key.empty()) add(section + "queue_key", "must not be empty");
    const auto retries = retry_policy_of_steps(front.retry_time_config, front.max_retry_num,
                                               std::chrono::seconds{front.retry_default_time});
    if (!retries) add(section + "retry_time_config", retries.error());
  }

  const settings& all_;
  const option_origins& origins_;
  const config_origin& fallback_;
  std::vector<config_fault>& faults_;
};

} // namespace

void check_settings(const settings& all, const option_origins& origins, const config_origin& fallback,
                    std::vector<config_fault>& faults) {
  checker{all, origins, fallback, faults}.run();
}

result<listen_address, std::string> parse_listen_address(std::string_view text) {
  auto fault = failure(in_quotes(text) + " must be HOST:PORT, such as \"127.0.0.1:7373\" or \"[::1]:7373\"");
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return fault;
  std::string host{text.substr(0, colon)};
  listen_address address;
  if (!read_number(text.substr(colon + 1), uint16_t{65535}, address.port)) return fault;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    in6_addr binary{};
    if (inet_pton(AF_INET6, host.c_str(), &binary) != 1) return fault;
  } else if (host.find(':') != std::string::npos) {
    return fault;
  }
  if (host.empty())
    return failure(in_quotes(text) + " names no host; write \"127.0.0.1:PORT\", or \"0.0.0.0:PORT\" for all addresses");
  if (host.find_first_of(std::string_view{" \t/@\0", 5}) != std::string::npos) return fault;
  address.host = std::move(host);
  return address;
}

bool is_loopback(const std::string& host) {
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six) != 0;
  return host == "localhost";
}

} // namespace wheelwork
