// What tests of sources on Redis share: a server, consumers and monitors of one pool, and calls that throw when they
// fail.
#pragma once

#include "sources/source.hpp"
#include "tests/support/redis_server.hpp"

#include <functional>

namespace wheelwork::source_test {

class redis_pool {
public:
  redis_pool(redis_server& server, source_definition from);

  source_setup setup; ///< changed before consumers are opened
  broker_connections connections;

  std::unique_ptr<source> consumer(uint32_t number = 0) const;
  std::unique_ptr<source> consumer_of_run(uint64_t incarnation, uint32_t number = 0) const;
  std::unique_ptr<source_monitor> monitor() const;
};

redis_list_source list_named(const std::string& key, redis_target::list_end take = redis_target::list_end::right);
redis_stream_source stream_named(const std::string& key, const std::string& group = "workers");

/// Throw std::runtime_error with the failure's words.
source_news take(source& from, size_t at_most = 100, milliseconds wait = milliseconds{0});
source_news keep_alive(source& from);
backlog look(source_monitor& with);
void bury(source& from, const std::vector<dead_message>& dead);
void give_back(source& from, const std::vector<message_token>& untouched);
void close(source& from);

std::vector<std::string> texts(const source_news& news);
std::vector<message_token> tokens(const source_news& news);
void acknowledge(source& with, const std::vector<message_token>& done);

/// Calls it again and again until it says true; throws std::runtime_error after 20 s.
void until(const std::string& what, const std::function<bool()>& holds);

} // namespace wheelwork::source_test
