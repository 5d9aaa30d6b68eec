#include "tests/targets/test_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace wheelwork::target_test {

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

received_request parse_head(std::string_view head) {
  received_request request;
  const auto next_line = [&] {
    const auto end = std::min(head.find("\r\n"), head.size());
    const auto line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    return std::string{line};
  };
  const auto first = next_line();
  request.method = first.substr(0, first.find(' '));
  request.target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
  while (!head.empty()) {
    const auto line = next_line();
    const auto colon = line.find(':');
    const auto value = colon == std::string::npos ? std::string::npos : line.find_first_not_of(' ', colon + 1);
    request.headers.emplace(lower(line.substr(0, colon)), value == std::string::npos ? "" : line.substr(value));
  }
  return request;
}

int bound_listener(int& port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, generic, size) != 0 || getsockname(listener, generic, &size) != 0)
    throw std::runtime_error{"no port for a test server"};
  port = ntohs(address.sin_port);
  return listener;
}

} // namespace

std::string received_request::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "(none)" : found->second;
}

std::optional<received_request> test_connection::read() {
  std::optional<received_request> request;
  size_t body_size = 0;
  for (;;) {
    if (!request) {
      if (const auto end = unread_.find("\r\n\r\n"); end != std::string::npos) {
        request = parse_head(std::string_view{unread_}.substr(0, end));
        unread_.erase(0, end + 4);
        const auto length = request->headers.find("content-length");
        body_size = length == request->headers.end() ? 0 : std::stoul(length->second);
      }
    }
    if (request && unread_.size() >= body_size) {
      request->body = unread_.substr(0, body_size);
      unread_.erase(0, body_size);
      return request;
    }
    std::array<char, 65536> chunk{};
    const auto size = recv(socket_, chunk.data(), chunk.size(), 0);
    if (size <= 0) return std::nullopt;
    unread_.append(chunk.data(), static_cast<size_t>(size));
  }
}

bool test_connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

bool test_connection::answer(int status, std::string_view body, std::string_view head) {
  std::string text =
      "HTTP/1.1 " + std::to_string(status) + " Some\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return write(text.append(head).append("\r\n").append(body));
}

void test_connection::close() { shutdown(socket_, SHUT_RDWR); }

void test_connection::wait_for_close() {
  std::array<char, 4096> chunk{};
  while (recv(socket_, chunk.data(), chunk.size(), 0) > 0) {
  }
}

bool test_connection::stays_open_for(int milliseconds) {
  pollfd watched{socket_, POLLIN | POLLRDHUP, 0};
  return poll(&watched, 1, milliseconds) == 0;
}

test_server::test_server(script each) : each_{std::move(each)}, listener_{bound_listener(port_)} {
  constexpr int backlog = 4096;
  if (listen(listener_, backlog) != 0) throw std::runtime_error{"a test server can't listen"};
  acceptor_ = std::thread{[this] { accept_all(); }};
}

test_server::~test_server() {
  {
    const std::lock_guard lock{mutex_};
    closing_ = true;
    shutdown(listener_, SHUT_RDWR);
    for (const int connection : open_) shutdown(connection, SHUT_RDWR);
  }
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
  ::close(listener_);
}

void test_server::accept_all() {
  for (;;) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock{mutex_};
    if (closing_ || connection < 0) {
      if (connection >= 0) ::close(connection);
      return;
    }
    ++accepted_;
    open_.insert(connection);
    threads_.emplace_back([this, connection] {
      test_connection end{connection};
      each_(end);
      const std::lock_guard closing{mutex_};
      open_.erase(connection);
      ::close(connection);
    });
  }
}

std::string test_server::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string{path};
}

size_t test_server::connections() const {
  const std::lock_guard lock{mutex_};
  return accepted_;
}

recording_server::recording_server(answer each)
    : server_{[this, each = std::move(each)](test_connection& connection) {
        while (auto request = connection.read()) {
          {
            const std::lock_guard lock{mutex_};
            requests_.push_back(*request);
          }
          each(connection, *request);
        }
      }} {}

std::vector<received_request> recording_server::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

recording_server::answer always(int status, std::string body, std::string head) {
  return [=](test_connection& connection, const received_request&) { connection.answer(status, body, head); };
}

int refused_port() {
  int port = 0;
  ::close(bound_listener(port));
  return port;
}

} // namespace wheelwork::target_test
