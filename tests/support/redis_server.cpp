#include "tests/support/redis_server.hpp"

#include <csignal>
#include <fstream>
#include <stdexcept>

namespace wheelwork {

namespace {

class machine_clock final : public clock_source {
public:
  wall_time wall_now() const override { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }
  std::chrono::steady_clock::time_point steady_now() const override { return std::chrono::steady_clock::now(); }
};

std::string why_no_redis() {
  if (!std::filesystem::exists("/usr/bin/redis-server")) return "Redis is not installed (package redis-server)";
  return missing_server_account();
}

std::string text_of(const redis_value& answer) {
  if (!answer.is_array()) return answer.is_number() ? std::to_string(answer.integer()) : answer.string();
  std::string lines;
  for (size_t each = 0; each < answer.size(); ++each) lines += text_of(answer[each]) + "\n";
  return lines;
}

} // namespace

const clock_source& redis_test_clock() {
  static const machine_clock clock;
  return clock;
}

const std::string& redis_server::missing() {
  static const std::string reason = why_no_redis();
  return reason;
}

redis_server::redis_server(redis_server_options options) : options_{std::move(options)} {
  if (!missing().empty()) throw std::runtime_error{missing()};
  std::string name = (std::filesystem::temp_directory_path() / "wheelwork-redis-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error{"no folder for the server: " + name};
  folder_ = name;
  give_to_server_account(folder_);
  port_ = options_.port ? free_port() : "0";
  start();
}

redis_server::~redis_server() {
  shell_.reset();
  process_ = {};
  std::error_code ignored; // what is left in the temporary folder is no reason to fail
  std::filesystem::remove_all(folder_, ignored);
}

void redis_server::start(const std::string& until_it_says) {
  std::ofstream settings{folder_ / "redis.conf"};
  settings << "port " << port_ << "\nbind 127.0.0.1\nunixsocket " << (folder_ / "socket").string()
           << "\nunixsocketperm 777\nsave \"\"\ndaemonize no\nenable-debug-command yes\ndir " << folder_.string()
           << '\n';
  if (!options_.password.empty()) settings << "requirepass " << options_.password << '\n';
  for (const auto& setting : options_.settings) settings << setting << '\n';
  settings.close();
  process_ = server_process{{"redis-server", (folder_ / "redis.conf").string()}, folder_};
  process_.wait_until_it_says(until_it_says);
}

void redis_server::crash() {
  shell_.reset();
  process_.end(SIGKILL);
}

void redis_server::signal(int number) const { ::kill(process_.pid(), number); }

std::string redis_server::url() const {
  if (!options_.password.empty()) return url_of("", options_.password);
  return "unix://" + (folder_ / "socket").string();
}

std::string redis_server::url_of(const std::string& user, const std::string& password) const {
  return "unix://" + user + ":" + password + "@" + (folder_ / "socket").string();
}

std::string redis_server::port_url() const {
  return "redis://" + (options_.password.empty() ? "" : ":" + options_.password + "@") + "127.0.0.1:" + port_;
}

redis_reply redis_server::answer(const redis_command& command) {
  if (!shell_)
    shell_ = std::make_unique<redis_connection>(
        parse_redis_url(url()).value(), redis_test_clock(),
        redis_connection_options{.command_timeout = milliseconds{60'000}}); // it reads messages of 50 MB
  auto answer = shell_->run(command);
  if (!answer) throw std::runtime_error{answer.error().message};
  return std::move(*answer);
}

std::string redis_server::run(const redis_command& command) { return text_of(answer(command)); }

std::vector<std::string> redis_server::list(const redis_command& command) {
  const auto whole = answer(command);
  std::vector<std::string> elements;
  for (size_t each = 0; each < whole.size(); ++each) elements.push_back(text_of(whole[each]));
  return elements;
}

} // namespace wheelwork
