#include "brokers/redis_connection.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

namespace wheelwork {

namespace {

timeval to_timeval(milliseconds span) {
  return {static_cast<time_t>(span.count() / 1000), static_cast<suseconds_t>(span.count() % 1000 * 1000)};
}

int milliseconds_until(std::chrono::steady_clock::time_point until, const clock_source& clock) {
  const auto left = std::chrono::ceil<milliseconds>(until - clock.steady_now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

uint64_t number_in(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void append(std::string& to, const redis_command& command) {
  std::vector<const char*> words;
  std::vector<size_t> sizes;
  words.reserve(command.size());
  sizes.reserve(command.size());
  for (const auto& word : command) {
    words.push_back(word.empty() ? "" : word.data());
    sizes.push_back(word.size());
  }
  char* text = nullptr;
  const int size = redisFormatCommandArgv(&text, static_cast<int>(command.size()), words.data(), sizes.data());
  if (size < 0) throw std::bad_alloc{};
  to.append(text, static_cast<size_t>(size));
  redisFreeCommand(text);
}

} // namespace

redis_server_facts facts_from_info(std::string_view info) {
  const auto value = [info](std::string_view name) -> std::string_view {
    const std::string line = fmt::format("\n{}:", name);
    const auto at = info.find(line);
    if (at == info.npos) return {};
    const auto rest = info.substr(at + line.size());
    return rest.substr(0, rest.find('\r'));
  };
  redis_server_facts facts;
  facts.version = value("redis_version");
  facts.run_id = value("run_id");
  facts.replica = value("role") == "slave";
  facts.maxmemory = number_in(value("maxmemory"));
  facts.maxmemory_policy = value("maxmemory_policy");
  facts.append_only = value("aof_enabled") == "1";
  return facts;
}

bool redis_server_facts::at_least(int major, int minor) const {
  if (version.empty()) return false;
  const auto dot = version.find('.');
  const auto own_major = static_cast<int>(number_in(version));
  const auto own_minor =
      dot == version.npos ? 0 : static_cast<int>(number_in(std::string_view{version}.substr(dot + 1)));
  return std::pair{own_major, own_minor} >= std::pair{major, minor};
}

redis_connection::redis_connection(redis_address address, const clock_source& clock, redis_connection_options options)
    : address_{std::move(address)},
      address_text_{address_.text()}, clock_{clock}, options_{options}, random_{options.random_seed} {}

redis_connection::~redis_connection() { disconnect(); }

void redis_connection::disconnect() {
  if (context_) redisFree(std::exchange(context_, nullptr));
  script_hashes_.clear();
}

redis_failure redis_connection::broken(const std::string& why, bool sent) {
  disconnect();
  return {fmt::format("the connection to Redis at {} broke: {}", address_text_, why), {}, sent};
}

redis_failure redis_connection::unreachable(redis_failure why) {
  disconnect();
  auto pause = options_.back_off_min * (1 << std::min<uint32_t>(failed_tries_, 10));
  pause = std::min<milliseconds>(pause, options_.back_off_max);
  pause += milliseconds{std::uniform_int_distribution<int64_t>{0, pause.count() / 4}(random_)};
  ++failed_tries_;
  next_try_ = clock_.steady_now() + pause;
  last_failure_ = std::move(why);
  return last_failure_;
}

result<void, redis_failure> redis_connection::connect() {
  if (context_) return {};
  if (failed_tries_ > 0 && clock_.steady_now() < next_try_) return failure(last_failure_);
  if (auto opened = open(); !opened) return failure(unreachable(std::move(opened.error())));
  ++session_; // before the greeting: what was known of the server counts no more
  if (auto greeted = greet(); !greeted) return failure(unreachable(std::move(greeted.error())));
  failed_tries_ = 0;
  return {};
}

result<void, redis_failure> redis_connection::open() {
  const auto limit = to_timeval(options_.connect_timeout);
  context_ = address_.host.empty() ? redisConnectUnixWithTimeout(address_.path.c_str(), limit)
                                   : redisConnectWithTimeout(address_.host.c_str(), address_.port, limit);
  if (!context_) throw std::bad_alloc{};
  if (context_->err != 0)
    return failure(redis_failure{fmt::format("Redis at {} can't be reached: {}", address_text_, context_->errstr)});
  ::fcntl(context_->fd, F_SETFD, FD_CLOEXEC); // it is not for the processes of jobs
  if (!address_.host.empty()) redisEnableKeepAlive(context_);
  return {};
}

result<void, redis_failure> redis_connection::greet() {
  std::vector<redis_command> greeting;
  const std::string database = std::to_string(address_.database);
  if (!address_.password.empty())
    greeting.push_back(address_.user.empty() ? redis_command{"AUTH", address_.password}
                                             : redis_command{"AUTH", address_.user, address_.password});
  if (address_.database != 0) greeting.push_back({"SELECT", database});
  greeting.push_back({"INFO"});
  const auto answers = run_all(greeting);
  if (!answers) return failure(answers.error());
  for (const auto& answer : *answers)
    if (answer.is_error() && (&answer != &answers->back() || !failure_of(answer).is("NOPERM")))
      return failure(failure_of(answer));
  facts_ = facts_from_info(answers->back().text());
  if (!facts_.version.empty() && !facts_.at_least(6, 2))
    return failure(
        redis_failure{fmt::format("Redis at {} is version {}; 6.2 or newer is needed", address_text_, facts_.version)});
  return {};
}

result<redis_reply, redis_failure> redis_connection::run(const redis_command& command, milliseconds waits) {
  if (auto ready = connect(); !ready) return failure(std::move(ready.error()));
  append(outgoing_, command);
  const auto until = clock_.steady_now() + time_for_what_goes_out() + waits;
  if (auto written = write_out(until); !written) return failure(std::move(written.error()));
  auto answer = receive_one(until);
  if (answer && answer->is_error()) return failure(failure_of(*answer));
  return answer;
}

result<std::vector<redis_reply>, redis_failure> redis_connection::run_all(std::span<const redis_command> commands) {
  if (auto ready = connect(); !ready) return failure(std::move(ready.error()));
  for (const auto& command : commands) append(outgoing_, command);
  const auto until = clock_.steady_now() + time_for_what_goes_out();
  if (auto written = write_out(until); !written) return failure(std::move(written.error()));
  std::vector<redis_reply> answers;
  answers.reserve(commands.size());
  while (answers.size() < commands.size()) {
    auto answer = receive_one(until);
    if (!answer) return failure(std::move(answer.error()));
    answers.push_back(std::move(*answer));
  }
  return answers;
}

result<void, redis_failure> redis_connection::send(std::span<const redis_command> commands) {
  if (auto ready = connect(); !ready) return failure(std::move(ready.error()));
  for (const auto& command : commands) append(outgoing_, command);
  return write_out(clock_.steady_now() + time_for_what_goes_out());
}

/// A message of many megabytes needs its time on a machine that has other work.
milliseconds redis_connection::time_for_what_goes_out() const {
  constexpr size_t bytes_in_a_millisecond = 4096;
  return options_.command_timeout + milliseconds{outgoing_.size() / bytes_in_a_millisecond};
}

/// Not by hiredis: it writes in a way that raises SIGPIPE, and its time limit begins anew with each piece.
result<void, redis_failure> redis_connection::write_out(steady_time until) {
  const std::string bytes = std::exchange(outgoing_, {});
  size_t sent = 0;
  while (sent < bytes.size()) {
    const auto part = ::send(context_->fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (part > 0) sent += static_cast<size_t>(part);
    if (part >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return failure(broken(std::strerror(errno), sent > 0));
    pollfd ready{context_->fd, POLLOUT, 0};
    if (::poll(&ready, 1, milliseconds_until(until, clock_)) == 0 && clock_.steady_now() >= until)
      return failure(broken("it took no more bytes within the time limit", sent > 0));
  }
  return {};
}

result<std::optional<redis_reply>, redis_failure> redis_connection::receive(steady_time until) {
  for (;;) {
    if (!context_) return failure(redis_failure{"there is no connection to Redis at " + address_text_});
    void* answer = nullptr;
    if (redisGetReplyFromReader(context_, &answer) != REDIS_OK) return failure(broken(context_->errstr, true));
    if (answer) return std::optional<redis_reply>{redis_reply{static_cast<redisReply*>(answer)}};
    pollfd ready{context_->fd, POLLIN, 0};
    const int events = ::poll(&ready, 1, milliseconds_until(until, clock_));
    if (events < 0 && errno != EINTR) return failure(broken(std::strerror(errno), true));
    if (events > 0 && redisBufferRead(context_) != REDIS_OK) return failure(broken(context_->errstr, true));
    if (events == 0 && clock_.steady_now() >= until) return std::optional<redis_reply>{};
  }
}

result<redis_reply, redis_failure> redis_connection::receive_one(steady_time until) {
  auto answer = receive(until);
  if (!answer) return failure(std::move(answer.error()));
  if (!*answer) return failure(broken("it did not answer within the time limit", true));
  return std::move(**answer);
}

result<std::string, redis_failure> redis_connection::load_script(std::string_view text) {
  if (auto ready = connect(); !ready) return failure(std::move(ready.error()));
  if (const auto known = script_hashes_.find(text); known != script_hashes_.end()) return known->second;
  std::string whole = facts_.at_least(7, 0) ? "#!lua flags=allow-oom\n" : "";
  whole.append(text);
  auto hash = run({"SCRIPT", "LOAD", whole});
  if (!hash) return failure(std::move(hash.error()));
  return script_hashes_[text] = hash->string();
}

result<redis_reply, redis_failure> redis_connection::run_script(std::string_view text,
                                                                std::span<const std::string_view> keys,
                                                                std::span<const std::string_view> arguments) {
  const std::string key_count = std::to_string(keys.size());
  for (bool again = false;; again = true) {
    auto hash = load_script(text);
    if (!hash) return failure(std::move(hash.error()));
    redis_command command{"EVALSHA", *hash, key_count};
    command.insert(command.end(), keys.begin(), keys.end());
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto answer = run(command);
    if (answer || again || !answer.error().is("NOSCRIPT")) return answer;
    script_hashes_.clear(); // SCRIPT FLUSH
  }
}

} // namespace wheelwork
