// A connection to one Redis server: logs in, pipelines, knows scripts, connects again by itself. Sources and targets
// share it.
#pragma once

#include "brokers/redis_failure.hpp"
#include "brokers/redis_reply.hpp"
#include "brokers/redis_url.hpp"
#include "schedule/result.hpp"
#include "schedule/time.hpp"

#include <map>
#include <optional>
#include <random>
#include <span>
#include <vector>

struct redisContext; // of hiredis

namespace wheelwork {

/// The words of a command, such as {"LPUSH", key, bytes}; what they point at must live until the call returns.
using redis_command = std::vector<std::string_view>;

struct redis_connection_options {
  milliseconds connect_timeout{3'000};
  milliseconds command_timeout{5'000}; ///< for the answer to a command, beyond what it waits by itself
  milliseconds back_off_min{100};      ///< between two tries to connect; doubles
  milliseconds back_off_max{2'000};
  uint32_t random_seed = 1; ///< moves tries to connect by up to a quarter, so that not all come at once
};

/// What the server said about itself when the connection was made. Empty and zero where it may not be asked.
struct redis_server_facts {
  std::string version;
  std::string run_id; ///< another after each start of the server
  bool replica = false;
  uint64_t maxmemory = 0; ///< bytes; zero: no limit
  std::string maxmemory_policy;
  bool append_only = false;

  /// It may throw away keys to make room.
  bool evicts() const { return maxmemory > 0 && !maxmemory_policy.empty() && maxmemory_policy != "noeviction"; }
  bool at_least(int major, int minor) const;
};
redis_server_facts facts_from_info(std::string_view info);

/// Blocking; one thread at a time. Connects when a call needs it. While the server can't be reached, calls fail at once
/// between two tries.
class redis_connection {
public:
  using steady_time = std::chrono::steady_clock::time_point;

  redis_connection(redis_address address, const clock_source& clock, redis_connection_options options = {});
  ~redis_connection();
  redis_connection(const redis_connection&) = delete;
  redis_connection& operator=(const redis_connection&) = delete;

  result<void, redis_failure> connect();
  bool connected() const { return context_ != nullptr; }
  void disconnect();
  /// Grows with each connection that was made; zero: none was.
  uint64_t session() const { return session_; }
  const redis_server_facts& server() const { return facts_; }
  const std::string& address() const { return address_text_; }

  /// One command. An error of the server is a failure. `waits`: how long the command itself may wait.
  result<redis_reply, redis_failure> run(const redis_command& command, milliseconds waits = milliseconds{0});
  /// All in one round trip; answers in order. An error of the server is an answer among the others; see `failure_of`.
  result<std::vector<redis_reply>, redis_failure> run_all(std::span<const redis_command> commands);
  /// Runs a script by its hash, after the server was given its text where it did not have it. `text` must live as long
  /// as the connection. From version 7 on the script may write when memory is full (allow-oom): it must not write much
  /// more than it deletes.
  result<redis_reply, redis_failure> run_script(std::string_view text, std::span<const std::string_view> keys,
                                                std::span<const std::string_view> arguments);

  /// For who has several round trips under way: sends without waiting for answers …
  result<void, redis_failure> send(std::span<const redis_command> commands);
  /// … and takes the next answer. None: it had not come by then.
  result<std::optional<redis_reply>, redis_failure> receive(steady_time until);

  redis_failure failure_of(const redis_value& error) const { return failure_from(error.text(), address_text_); }

private:
  result<void, redis_failure> open();
  result<void, redis_failure> greet();
  milliseconds time_for_what_goes_out() const;
  result<void, redis_failure> write_out(steady_time until);
  result<redis_reply, redis_failure> receive_one(steady_time until);
  result<std::string, redis_failure> load_script(std::string_view text);
  redis_failure broken(const std::string& why, bool sent);
  redis_failure unreachable(redis_failure why);

  redis_address address_;
  std::string address_text_;
  const clock_source& clock_;
  redis_connection_options options_;
  redisContext* context_ = nullptr;
  std::string outgoing_; ///< commands that are to be written
  uint64_t session_ = 0;
  redis_server_facts facts_;
  std::map<std::string_view, std::string> script_hashes_; ///< of this session, by the script's text
  std::minstd_rand random_;
  uint32_t failed_tries_ = 0; ///< to connect, in a row
  steady_time next_try_{};
  redis_failure last_failure_;
};

} // namespace wheelwork
