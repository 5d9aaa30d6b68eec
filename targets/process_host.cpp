#include "targets/process_host.hpp"

#include "targets/process_tree.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wheelwork {

namespace {

constexpr milliseconds lock_interval{5};
/// A host has nothing to do at its end; one that takes longer hangs.
constexpr int host_end_ms_max = 5000;

struct spawn_plan {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  spawn_plan(int socket, int lock) {
    ::posix_spawn_file_actions_init(&files);
    for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      ::posix_spawn_file_actions_addopen(&files, stream, "/dev/null", O_RDWR, 0);
    ::posix_spawn_file_actions_adddup2(&files, socket, host_socket_number);
    ::posix_spawn_file_actions_adddup2(&files, lock, host_lock_number);
    ::posix_spawn_file_actions_addclosefrom_np(&files, host_lock_number + 1);
    ::posix_spawnattr_init(&attributes);
    sigset_t all;
    ::sigfillset(&all);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setsigmask(&attributes, &all);
    // Out of reach of the terminal and of signals to the node's process group from its first instruction on.
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~spawn_plan() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  spawn_plan(const spawn_plan&) = delete;
  spawn_plan& operator=(const spawn_plan&) = delete;
};

/// A copy whose number is above those that the host gets, so that no dup2 overwrites one or leaves close-on-exec set.
descriptor raised(int file) { return descriptor{::fcntl(file, F_DUPFD_CLOEXEC, host_lock_number + 1)}; }

} // namespace

descriptor lock_records(const process_records& records, milliseconds patience) {
  const std::string path = records.lock_path();
  descriptor lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!lock) throw std::runtime_error("process records: " + path + ": " + system_text(errno));
  // flock knows no time-out, so it is asked again: an earlier node's host ends within milliseconds after its node.
  for (auto left = patience; ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0; left -= lock_interval) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      throw std::runtime_error("process records: " + path + ": " + system_text(errno));
    if (left <= milliseconds{0})
      throw std::runtime_error(
          "process records: another node uses " + records.folder() +
          ", or the process host of an earlier one hangs; end it, or give this node another data_dir");
    ::poll(nullptr, 0, static_cast<int>(lock_interval.count()));
  }
  return lock;
}

process_host::process_host(std::string program, const process_records& records, descriptor lock)
    : program_{std::move(program)}, folder_{records.folder()}, lock_{std::move(lock)} {}

process_host::~process_host() { stop(); }

void process_host::start() {
  auto refuse = [&](int error) {
    throw std::runtime_error("the process helper " + program_ + " could not be started: " + system_text(error));
  };
  stop();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) refuse(errno);
  descriptor own{ends[0]}, other{ends[1]};
  ::fcntl(other.get(), F_SETFL, 0); // the host waits for its orders
  descriptor socket = raised(other.get()), lock = raised(lock_.get());
  if (!socket || !lock) refuse(errno);
  spawn_plan plan{socket.get(), lock.get()};
  std::string mode = "process-helper";
  char* arguments[] = {program_.data(), mode.data(), folder_.data(), nullptr};
  pid_t pid = 0;
  // The host may need the node's environment (LD_LIBRARY_PATH); commands get none of it.
  if (int error = ::posix_spawn(&pid, program_.c_str(), &plan.files, &plan.attributes, arguments, environ))
    refuse(error);
  pid_ = pid;
  socket_ = std::move(own);
}

int process_host::send(attempt_key key, int order, int payload) {
  host_order packet{value_of(key.id), key.number};
  int files[] = {order, payload};
  return send_packet(socket_.get(), &packet, sizeof packet,
                     std::span<const int>{files, payload < 0 ? size_t{1} : size_t{2}});
}

result<process_host::answer, int> process_host::receive() {
  host_answer packet{};
  auto received = receive_packet(socket_.get(), &packet, sizeof packet);
  if (!received) return failure(received.error() == ECONNRESET ? ENOTCONN : received.error());
  if (received->size != sizeof packet) return failure(int{ENOTCONN});
  return answer{{job_id{packet.job}, packet.attempt}, packet.error, std::move(received->files[0])};
}

void process_host::stop() {
  socket_.close();
  if (pid_ == 0) return;
  // The child is not reaped yet, so its number is its own.
  descriptor process{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  pollfd ended{process.get(), POLLIN, 0};
  if (process && ::poll(&ended, 1, host_end_ms_max) == 0) signal_process(process.get(), SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

} // namespace wheelwork
