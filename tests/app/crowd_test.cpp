// Row 29 of the fault tests: a crowd of connections that say nothing, or never end what they say, keeps nobody out.
#include "tests/app/node_process.hpp"

#include <gmock/gmock.h>

#include <cerrno>
#include <deque>
#include <system_error>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace wheelwork::app_test {
namespace {

/// Opens connections, and closes one of its own only after the node did, or when it has too many files open.
class crowd {
public:
  crowd(int port, size_t open_max) : port_{port}, open_max_{open_max} {}
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;
  ~crowd() {
    for (int each : open_) ::close(each);
  }

  void add() {
    if (open_.size() >= open_max_) {
      ::close(open_.front());
      open_.pop_front();
    }
    int one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (one < 0) throw std::system_error{errno, std::generic_category(), "socket"};
    open_.push_back(one);
    // One source address has 28,000 ports.
    auto own = address(INADDR_LOOPBACK + 1 + static_cast<uint32_t>(added_ % 8), 0);
    auto node = address(INADDR_LOOPBACK, port_);
    const int later = 1;
    ::setsockopt(one, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, sizeof later);
    if (::bind(one, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0 ||
        ::connect(one, reinterpret_cast<sockaddr*>(&node), sizeof node) != 0)
      throw std::system_error{errno, std::generic_category(), "connect"};
    if (++added_ % 2 == 0) {
      constexpr std::string_view beginning = "POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ";
      ::send(one, beginning.data(), beginning.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  }
  size_t added() const { return added_; }

private:
  static sockaddr_in address(uint32_t host, int port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_addr.s_addr = htonl(host);
    made.sin_port = htons(static_cast<uint16_t>(port));
    return made;
  }

  int port_;
  size_t open_max_;
  size_t added_ = 0;
  std::deque<int> open_;
};

TEST(a_crowd_of_silent_connections, keeps_nobody_out) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_cur < 4096) GTEST_SKIP() << "only " << files.rlim_cur << " files may be open here; it needs 4,096";
  temporary_folder folder;
  node_process node{folder.path()};
  node.start();
  crowd silent{node.port(), std::min<size_t>(files.rlim_cur - 512, 15'000)};
  while (silent.added() < 50'000) {
    for (int i = 0; i < 500; ++i) silent.add();
    // A newcomer is served, with everything that a job needs: descriptors for the database, memory, a turn.
    ASSERT_FALSE(node.push({{"target", {{"native", {{"handler", "noop"}}}}}}).empty());
  }
  EXPECT_EQ(node.request("GET", "/readyz").status, 200);
  const auto last = node.push({{"target", {{"native", {{"handler", "noop"}}}}}});
  EXPECT_EQ(node.final_job(last)["state"], "succeeded");
  EXPECT_EQ(node.terminate(), 0) << node.log();
}

} // namespace
} // namespace wheelwork::app_test
