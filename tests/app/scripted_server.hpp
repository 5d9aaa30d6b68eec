// A tiny HTTP server on a free port of this machine that answers as the test says and remembers what it was asked.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace wheelwork {

struct seen_request {
  std::string method, target, body;
  std::map<std::string, std::string> head; ///< names in lower case
};

struct scripted_reply {
  int status = 200;
  std::string body = "{}";
  std::string entity_tag{};
};

class scripted_server {
public:
  /// `answer` runs on the server's thread.
  explicit scripted_server(std::function<scripted_reply(const seen_request&)> answer);
  ~scripted_server();
  scripted_server(const scripted_server&) = delete;
  scripted_server& operator=(const scripted_server&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<seen_request> requests() const;

private:
  void serve();
  void serve_connection(int connection);

  std::function<scripted_reply(const seen_request&)> answer_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<seen_request> requests_;
  std::thread thread_;
};

} // namespace wheelwork
