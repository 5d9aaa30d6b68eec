// A real `wheelwork serve` in a folder of its own, for tests that treat the program as its users and its enemies do.
#pragma once

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace wheelwork::app_test {

/// A new folder that is removed with everything in it.
class temporary_folder {
public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

struct http_answer {
  long status = 0;  ///< 0: no answer, the connection was refused or broke
  std::string head; ///< the status line and headers as they came
  std::string body;
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

/// One request with a connection of its own; a body is JSON unless a header says otherwise. Any thread.
http_answer http_request(const std::string& method, const std::string& url, const std::string& body = {},
                         const std::vector<std::string>& headers = {});

/// One node: its configuration file, its database, and the process while it runs. One thread starts and ends it.
class node_process {
public:
  /// `configuration` follows a [node] and [database] table that keep everything in the folder; the API listens on a
  /// free port. `program`: wheelwork, or one that embeds it.
  explicit node_process(std::filesystem::path folder, const std::string& configuration = {},
                        std::string program = WHEELWORK_BINARY);
  ~node_process();
  node_process(const node_process&) = delete;
  node_process& operator=(const node_process&) = delete;

  /// Replaces what the constructor was given; a running node reads it on SIGHUP.
  void configure(const std::string& configuration);
  /// Starts the program without waiting for anything. `settings`: section.key=value, over those of the file.
  void launch(const std::vector<std::string>& settings = {});
  /// Starts it and waits until /readyz says yes. Throws with the log when it ends or takes longer than a minute.
  void start(const std::vector<std::string>& settings = {});
  /// The second half of start().
  void wait_until_ready();
  /// kill -9, and waits until it is gone.
  void kill();
  void send_signal(int number) const;
  /// SIGTERM, and waits for the end: its exit code (128 + the signal, if one ended it).
  int terminate();
  /// Waits for an end that comes by itself; throws after a minute.
  int wait_for_end();

  /// Lets this much time pass, less if the program ends: false then.
  bool runs_on_for(std::chrono::milliseconds span) const;
  /// Asks again and again until it holds; false after `patience`, or when the program ended.
  bool eventually(const std::function<bool()>& holds, std::chrono::seconds patience = std::chrono::seconds{60}) const;

  http_answer request(const std::string& method, const std::string& path, const std::string& body = {},
                      const std::vector<std::string>& headers = {}) const;
  nlohmann::json get(const std::string& path) const { return request("GET", path).json(); }
  /// The id of a job that was pushed and accepted; throws otherwise.
  std::string push(const nlohmann::json& job) const;
  /// The job once it is final; throws after a minute.
  nlohmann::json final_job(const std::string& id) const;

  int port() const { return port_; }
  pid_t pid() const { return pid_; }
  const std::filesystem::path& folder() const { return folder_; }
  /// All that the program printed since its last launch.
  std::string log() const;

private:
  void end_and_tell();
  bool find_port();
  int reap();

  std::filesystem::path folder_, log_file_;
  std::string program_;
  pid_t pid_ = -1;
  std::atomic<int> pid_descriptor_{-1}; ///< kept after the end, for those who still wait for it
  int port_ = 0;
};

} // namespace wheelwork::app_test
