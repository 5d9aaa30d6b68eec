#include "tests/app/scripted_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace wheelwork {
namespace {

/// The head up to the empty line, and how long the whole request is.
bool parse_head(const std::string& text, seen_request& request, size_t& whole) {
  auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  auto line_end = text.find("\r\n");
  auto first = text.find(' ');
  auto second = text.find(' ', first + 1);
  request.method = text.substr(0, first);
  request.target = text.substr(first + 1, second - first - 1);
  for (size_t at = line_end + 2; at < end;) {
    auto stop = text.find("\r\n", at);
    auto colon = text.find(':', at);
    auto name = text.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char each) { return static_cast<char>(std::tolower(each)); });
    auto value = text.substr(colon + 1, stop - colon - 1);
    request.head[name] = value.substr(std::min(value.find_first_not_of(' '), value.size()));
    at = stop + 2;
  }
  whole = end + 4 + (request.head.count("content-length") != 0 ? std::stoul(request.head["content-length"]) : 0);
  return true;
}

} // namespace

scripted_server::scripted_server(std::function<scripted_reply(const seen_request&)> answer)
    : answer_{std::move(answer)} {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, plain, size) != 0 || listen(listener_, 16) != 0 || getsockname(listener_, plain, &size) != 0)
    throw std::runtime_error("no port for the scripted server");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread{[this] { serve(); }};
}

scripted_server::~scripted_server() {
  shutdown(listener_, SHUT_RDWR); // wakes accept()
  thread_.join();
  close(listener_);
}

std::vector<seen_request> scripted_server::requests() const {
  std::lock_guard lock{mutex_};
  return requests_;
}

void scripted_server::serve() {
  while (true) {
    int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    serve_connection(connection);
    close(connection);
  }
}

/// One request a connection: the reply says so, and the client opens another.
void scripted_server::serve_connection(int connection) {
  std::string text;
  std::array<char, 65536> chunk{};
  seen_request request;
  size_t whole = 0;
  while (whole == 0 || text.size() < whole) {
    auto count = recv(connection, chunk.data(), chunk.size(), 0);
    if (count <= 0) return;
    text.append(chunk.data(), static_cast<size_t>(count));
    if (whole == 0) parse_head(text, request, whole);
  }
  request.body = text.substr(text.find("\r\n\r\n") + 4);
  {
    std::lock_guard lock{mutex_};
    requests_.push_back(request);
  }
  auto reply = answer_(request);
  auto answer = "HTTP/1.1 " + std::to_string(reply.status) +
                " x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(reply.status == 204 ? 0 : reply.body.size()) + "\r\n" +
                (reply.entity_tag.empty() ? "" : "ETag: " + reply.entity_tag + "\r\n") + "\r\n" +
                (reply.status == 204 ? "" : reply.body);
  size_t sent = 0;
  while (sent < answer.size()) {
    auto count = send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<size_t>(count);
  }
}

} // namespace wheelwork
