// How fast a consumer takes from a Redis list and acknowledges, beside what bare pipelined commands of the same depth
// do in the same run: LMOVE to a second list and LREM from there.
//   redis_lists URL [MESSAGES] [DEPTH] [ROUNDS]
// It uses the keys bench, bench:hand and what a pool makes beside them, and deletes them.
#include "brokers/redis_connection.hpp"
#include "sources/source.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace {

using namespace wheelwork;

class machine_clock final : public clock_source {
public:
  wall_time wall_now() const override { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }
  std::chrono::steady_clock::time_point steady_now() const override { return std::chrono::steady_clock::now(); }
};

template <class Value, class Error>
Value value_of_call(result<Value, Error> got) {
  if (!got) throw std::runtime_error{got.error().message};
  if constexpr (!std::is_void_v<Value>) return std::move(*got);
}

void fill(redis_connection& server, size_t messages) {
  server.run({"DEL", "bench", "bench:hand"});
  const std::string message = R"({"order":123456,"text":")" + std::string(72, 'x') + R"("})";
  for (size_t left = messages; left > 0;) {
    redis_command command{"LPUSH", "bench"};
    for (size_t each = std::min<size_t>(left, 1000); each > 0; --each, --left) command.push_back(message);
    value_of_call(server.run(command));
  }
}

double bare(redis_connection& server, size_t messages, size_t depth, const clock_source& clock) {
  fill(server, messages);
  const auto begin = clock.steady_now();
  for (size_t done = 0; done < messages; done += depth) {
    const std::vector<redis_command> moves(depth, {"LMOVE", "bench", "bench:hand", "RIGHT", "LEFT"});
    const auto taken = value_of_call(server.run_all(moves));
    std::vector<redis_command> removals;
    for (const auto& each : taken)
      if (!each.is_nil()) removals.push_back({"LREM", "bench:hand", "-1", each.text()});
    if (!removals.empty()) value_of_call(server.run_all(removals));
  }
  return static_cast<double>(messages) / std::chrono::duration<double>(clock.steady_now() - begin).count();
}

double by_source(redis_connection& server, const std::string& url, size_t messages, size_t depth,
                 const clock_source& clock) {
  fill(server, messages);
  source_setup setup;
  setup.pool = "bench";
  setup.from = redis_list_source{"bench", "bench", redis_target::list_end::right};
  setup.dead_letter = "bench:dead";
  setup.node = "bench";
  setup.clock = &clock;
  broker_connections connections;
  connections.redis["bench"].url = url;
  auto opened = open_source(setup, 0, connections);
  if (!opened) throw std::runtime_error{opened.error()};
  auto& consumer = **opened;
  const auto begin = clock.steady_now();
  size_t taken = 0;
  while (taken < messages) {
    const auto news = value_of_call(consumer.take(depth, size_t{64} << 20, milliseconds{0}));
    std::vector<message_token> done;
    for (const auto& each : news.taken) done.push_back(each.token);
    consumer.acknowledge(done);
    taken += done.size();
  }
  value_of_call(consumer.keep_alive());
  const auto rate = static_cast<double>(messages) / std::chrono::duration<double>(clock.steady_now() - begin).count();
  value_of_call(consumer.close());
  return rate;
}

} // namespace

int main(int count, char** words) try {
  const auto number = [&](int position, size_t otherwise) {
    return count > position ? std::strtoull(words[position], nullptr, 10) : otherwise;
  };
  const size_t messages = number(2, 400'000), depth = number(3, 512), rounds = number(4, 3);
  const auto address = parse_redis_url(count > 1 ? words[1] : "");
  if (!address) throw std::runtime_error{"the URL " + address.error()};
  const machine_clock clock;
  redis_connection server{*address, clock};
  for (size_t round = 0; round < rounds; ++round) {
    const auto limit = bare(server, messages, depth, clock);
    const auto own = by_source(server, words[1], messages, depth, clock);
    std::printf("bare LMOVE and LREM %.0f messages/s, source %.0f messages/s, ratio %.2f\n", limit, own, own / limit);
  }
  server.run({"DEL", "bench", "bench:hand"});
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
