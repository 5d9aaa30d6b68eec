#include "sources/redis_source.hpp"

#include <fmt/format.h>
#include <random>

namespace wheelwork {

std::optional<dead_message> condemned(message_token token, uint32_t deliveries) {
  if (deliveries <= deliveries_max) return std::nullopt;
  return dead_message{
      token, "crashed_consumer",
      fmt::format("it was taken {} times, and each time its consumer ended before it did", deliveries - 1),
      deliveries - 1};
}

std::string consumer_prefix(const source_setup& setup) { return setup.node + "/"; }

std::string consumer_prefix_of_run(const source_setup& setup) {
  return fmt::format("{}/{}/", setup.node, setup.incarnation);
}

std::string new_consumer_name(const source_setup& setup, uint32_t number) {
  return fmt::format("{}{}-{:08x}", consumer_prefix_of_run(setup), number, std::random_device{}());
}

redis_connection_options connection_options(const source_setup& setup, std::optional<uint32_t> number) {
  redis_connection_options options;
  const auto mixed = std::hash<std::string>{}(fmt::format("{}{}", consumer_prefix_of_run(setup), number.value_or(~0u)));
  options.random_seed = static_cast<uint32_t>(mixed) | 1u;
  return options;
}

source_failure words_for(const redis_failure& failed, const std::string& kind, const std::string& key) {
  if (!failed.is("WRONGTYPE")) return {failed.message};
  return {fmt::format("the key {} or one that is written beside it holds no {}: name another key, or delete what is "
                      "there ({})",
                      key, kind, failed.message)};
}

std::optional<source_failure> unsafe_server(const redis_server_facts& facts, const std::string& address) {
  if (!facts.evicts()) return std::nullopt;
  return source_failure{
      fmt::format("Redis at {} throws away keys when its memory is full (maxmemory-policy {}), and messages with them: "
                  "set maxmemory-policy noeviction",
                  address, facts.maxmemory_policy)};
}

result<void, source_failure> redis_server_watch::look(redis_connection& connection) {
  auto info = connection.run({"INFO"});
  if (!info && info.error().is("NOPERM")) return {}; // then nothing can be known of it
  if (!info) return failure(source_failure{info.error().message});
  const auto facts = facts_from_info(info->text());
  if (auto unsafe = unsafe_server(facts, connection.address())) return failure(std::move(*unsafe));
  if (!run_id_.empty() && facts.run_id != run_id_)
    note(fmt::format("Redis at {} was started anew; what it had not on disk is gone", connection.address()));
  run_id_ = facts.run_id;
  if (told_of_persistence_ || facts.append_only) return {};
  const auto save = connection.run({"CONFIG", "GET", "save"});
  if (!save && save.error().code.empty()) return failure(source_failure{save.error().message});
  told_of_persistence_ = true;
  if (save && (*save)[1].text().empty())
    note(fmt::format("Redis at {} writes nothing to disk: messages are gone when it stops; set appendonly yes",
                     connection.address()));
  else
    note(fmt::format("Redis at {} writes no log of changes: messages since its last snapshot are gone when it stops; "
                     "set appendonly yes",
                     connection.address()));
  return {};
}

} // namespace wheelwork
