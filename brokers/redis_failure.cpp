#include "brokers/redis_failure.hpp"

#include <fmt/format.h>

#include <array>

namespace wheelwork {

namespace {

struct known_error {
  std::string_view code, words;
};

constexpr std::array known_errors{
    known_error{"LOADING", "loads its data from disk and takes no commands until that is done"},
    known_error{"READONLY", "is a read-only replica: let the url of the connection name the master"},
    known_error{"MASTERDOWN", "is a replica that lost its master: let the url of the connection name the master"},
    known_error{"OOM", "is out of memory: raise its maxmemory or delete what is not needed"},
    known_error{"WRONGTYPE", "holds another kind of value at this key"},
    known_error{"NOAUTH", "asks for a password: write redis://:PASSWORD@HOST into the url of the connection"},
    known_error{"WRONGPASS", "refuses this user and password: correct the url of the connection"},
    known_error{"NOPERM", "does not allow this to the user: extend its rights with ACL SETUSER"},
    known_error{"MOVED", "is part of a Redis Cluster, which is not supported: name a server of its own"},
    known_error{"ASK", "is part of a Redis Cluster, which is not supported: name a server of its own"},
    known_error{"CROSSSLOT", "is part of a Redis Cluster, which is not supported: name a server of its own"},
    known_error{"CLUSTERDOWN", "is part of a Redis Cluster, which is not supported: name a server of its own"},
    known_error{"MISCONF", "can't save to disk and therefore refuses writes: look at its log and its disk"},
    known_error{"NOREPLICAS", "has too few replicas in reach and therefore refuses writes (min-replicas-to-write)"},
    known_error{"BUSY", "is busy with a script of somebody else"},
    known_error{"NOGROUP", "has no such consumer group"},
    known_error{"NOSCRIPT", "has forgotten a script"},
    known_error{"UNBLOCKED", "ended the wait because it became a replica"},
};

/// Before version 7 an error inside a script is wrapped: "ERR Error running script …: @user_script:3: WRONGTYPE …".
const known_error* wrapped_in(std::string_view text) {
  if (text.find("user_script") == text.npos) return nullptr;
  for (const auto& each : known_errors)
    if (text.find(fmt::format(" {} ", each.code)) != text.npos ||
        text.find(fmt::format("-{} ", each.code)) != text.npos)
      return &each;
  return nullptr;
}

const known_error* find_known(std::string_view text) {
  const auto code = text.substr(0, text.find(' '));
  for (const auto& each : known_errors)
    if (each.code == code) return &each;
  return wrapped_in(text);
}

} // namespace

redis_failure failure_from(std::string_view server_error, const std::string& address) {
  if (const auto* known = find_known(server_error))
    return {fmt::format("Redis at {} {} ({})", address, known->words, server_error), std::string{known->code}};
  if (server_error.find("unknown command") != server_error.npos)
    return {
        fmt::format("Redis at {} does not know a command: version 6.2 or newer is needed ({})", address, server_error),
        "ERR"};
  if (server_error.find("invalid password") != server_error.npos || server_error.find("AUTH") != server_error.npos)
    return {fmt::format("Redis at {} refuses the login: correct user and password in the url of the connection ({})",
                        address, server_error),
            "WRONGPASS"};
  return {fmt::format("Redis at {} answers: {}", address, server_error),
          std::string{server_error.substr(0, server_error.find(' '))}};
}

} // namespace wheelwork
