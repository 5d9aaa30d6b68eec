#include "tests/api/http_client.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace wheelwork::testing {

http_client::http_client(uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{60, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error{"no connection to the server under test"};
}

http_client::~http_client() {
  if (socket_ >= 0) ::close(socket_);
}

bool http_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

void http_client::end_sending() { ::shutdown(socket_, SHUT_WR); }

bool http_client::receive_more() {
  char buffer[65536];
  const auto size = ::recv(socket_, buffer, sizeof buffer, 0);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error{"no answer within a minute"};
  if (size <= 0) return false;
  received_.append(buffer, static_cast<size_t>(size));
  return true;
}

std::optional<received_answer> http_client::receive(bool without_body) {
  size_t end;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos)
    if (!receive_more()) return std::nullopt;
  received_answer answer;
  std::string_view head{received_.data(), end + 2};
  answer.status = std::stoi(std::string{head.substr(9, 3)});
  head.remove_prefix(head.find("\r\n") + 2);
  while (!head.empty()) {
    const auto colon = head.find(':'), line_end = head.find("\r\n");
    std::string name{head.substr(0, colon)};
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    answer.headers[name] = head.substr(colon + 2, line_end - colon - 2);
    head.remove_prefix(line_end + 2);
  }
  received_.erase(0, end + 4);
  const auto length = answer.headers.find("content-length");
  if (length == answer.headers.end() || without_body) return answer;
  const auto size = std::stoul(length->second);
  while (received_.size() < size)
    if (!receive_more()) return std::nullopt;
  answer.body = received_.substr(0, size);
  received_.erase(0, size);
  return answer;
}

bool http_client::is_readable_within(std::chrono::milliseconds patience) {
  pollfd waited{socket_, POLLIN, 0};
  return !received_.empty() || ::poll(&waited, 1, static_cast<int>(patience.count())) == 1;
}

bool http_client::is_closed_by_server() { return received_.empty() && !receive_more(); }

received_answer http_client::request(std::string_view method, std::string_view path, std::string_view body,
                                     std::string_view extra_head, std::string_view content_type) {
  std::string text{method};
  text.append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(extra_head);
  if (!body.empty())
    text.append("Content-Type: ")
        .append(content_type)
        .append("\r\nContent-Length: ")
        .append(std::to_string(body.size()))
        .append("\r\n");
  text.append("\r\n").append(body);
  send(text);
  auto answer = receive(method == "HEAD");
  if (!answer) throw std::runtime_error{"the server closed the connection instead of answering"};
  return *answer;
}

} // namespace wheelwork::testing
