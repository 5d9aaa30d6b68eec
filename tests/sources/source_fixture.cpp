#include "tests/sources/source_fixture.hpp"

#include <stdexcept>

namespace wheelwork::source_test {

namespace {

template <class Value>
Value value_of_call(result<Value, source_failure> got) {
  if (!got) throw std::runtime_error{got.error().message};
  if constexpr (!std::is_void_v<Value>) return std::move(*got);
}

} // namespace

redis_pool::redis_pool(redis_server& server, source_definition from) {
  connections.redis["main"] = {server.url()};
  setup.pool = "orders";
  setup.from = std::move(from);
  setup.dead_letter = key_of(setup.from) + ":dead";
  setup.node = "node-a";
  setup.incarnation = 1;
  setup.clock = &redis_test_clock();
}

std::unique_ptr<source> redis_pool::consumer(uint32_t number) const {
  auto opened = open_source(setup, number, connections);
  if (!opened) throw std::runtime_error{opened.error()};
  return std::move(*opened);
}

std::unique_ptr<source> redis_pool::consumer_of_run(uint64_t incarnation, uint32_t number) const {
  auto other = *this;
  other.setup.incarnation = incarnation;
  return other.consumer(number);
}

std::unique_ptr<source_monitor> redis_pool::monitor() const {
  auto opened = open_source_monitor(setup, connections);
  if (!opened) throw std::runtime_error{opened.error()};
  return std::move(*opened);
}

redis_list_source list_named(const std::string& key, redis_target::list_end take) { return {"main", key, take}; }
redis_stream_source stream_named(const std::string& key, const std::string& group) { return {"main", key, group}; }

source_news take(source& from, size_t at_most, milliseconds wait) {
  return value_of_call(from.take(at_most, 1u << 20, wait));
}
source_news keep_alive(source& from) { return value_of_call(from.keep_alive()); }
backlog look(source_monitor& with) { return value_of_call(with.look()); }
void bury(source& from, const std::vector<dead_message>& dead) { value_of_call(from.bury(dead)); }
void give_back(source& from, const std::vector<message_token>& untouched) { value_of_call(from.give_back(untouched)); }
void close(source& from) { value_of_call(from.close()); }

std::vector<std::string> texts(const source_news& news) {
  std::vector<std::string> all;
  for (const auto& each : news.taken) all.push_back(each.bytes);
  return all;
}

std::vector<message_token> tokens(const source_news& news) {
  std::vector<message_token> all;
  for (const auto& each : news.taken) all.push_back(each.token);
  return all;
}

void acknowledge(source& with, const std::vector<message_token>& done) { with.acknowledge(done); }

void until(const std::string& what, const std::function<bool()>& holds) {
  const auto end = redis_test_clock().steady_now() + std::chrono::seconds{20};
  while (!holds())
    if (redis_test_clock().steady_now() > end) throw std::runtime_error{"within 20 s not: " + what};
}

} // namespace wheelwork::source_test
