#include "tests/support/cutting_proxy.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace wheelwork {

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

int connect_to(const std::filesystem::path& server) {
  const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = server.string();
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error{"too long for a Unix socket: " + path};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
  ::close(made);
  return -1;
}

bool write_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(done));
  }
  return true;
}

bool says_commit(std::string_view bytes) {
  static constexpr std::string_view word = "commit";
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return bytes.size() < 64 && std::search(bytes.begin(), bytes.end(), word.begin(), word.end(), same) != bytes.end();
}

} // namespace

cutting_proxy::cutting_proxy(std::filesystem::path server, unsigned long seed)
    : server_{std::move(server)}, random_{static_cast<std::mt19937::result_type>(seed)} {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || ::pipe(ending_) != 0)
    fail("no proxy");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread{[this] { accept_all(); }};
}

cutting_proxy::~cutting_proxy() {
  ::close(ending_[1]); // every poll sees the end of the pipe
  acceptor_.join();
  for (std::thread& each : connections_) each.join();
  ::close(ending_[0]);
  ::close(listener_);
}

void cutting_proxy::accept_all() {
  for (;;) {
    std::array<pollfd, 2> both{pollfd{listener_, POLLIN, 0}, pollfd{ending_[0], POLLIN, 0}};
    if (::poll(both.data(), both.size(), -1) < 0 && errno == EINTR) continue;
    if (both[1].revents != 0) return;
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) continue;
    const std::lock_guard lock{mutex_};
    connections_.emplace_back([this, client] { pass_on(client); });
  }
}

auto cutting_proxy::decide(std::string_view from_client) -> decision {
  const unsigned every = every_;
  if (every == 0 || !says_commit(from_client)) return decision::pass;
  const std::lock_guard lock{mutex_};
  if (random_() % every != 0) return decision::pass;
  const bool before = random_() % 2 == 0;
  ++(before ? before_ : after_);
  return before ? decision::cut_before : decision::cut_after;
}

void cutting_proxy::pass_on(int client) {
  const int server = connect_to(server_);
  bool cut_next_answer = false;
  std::array<char, 1 << 16> bytes{};
  while (server >= 0) {
    std::array<pollfd, 3> all{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}, pollfd{ending_[0], POLLIN, 0}};
    if (::poll(all.data(), all.size(), -1) < 0 && errno == EINTR) continue;
    if (all[2].revents != 0) break;
    const bool from_client = all[0].revents != 0;
    const ssize_t got = ::recv(from_client ? client : server, bytes.data(), bytes.size(), 0);
    if (got <= 0) break;
    const std::string_view some{bytes.data(), static_cast<size_t>(got)};
    if (from_client) {
      const decision what = decide(some);
      if (what == decision::cut_before) break;
      cut_next_answer = what == decision::cut_after;
    } else if (cut_next_answer) {
      break;
    }
    if (!write_all(from_client ? server : client, some)) break;
  }
  ::close(client);
  if (server >= 0) ::close(server);
}

} // namespace wheelwork
