#include "targets/process_helper.hpp"

#include "targets/process_packet.hpp"
#include "targets/process_supervision.hpp"
#include "targets/process_tree.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wheelwork {

namespace {

/// One attempt in a process forked for it.
class helper {
public:
  helper(descriptor order, descriptor payload) : memory_{std::move(order)}, payload_{std::move(payload)} {}

  void run(const process_records& records, descriptor lock) {
    ::setsid();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    auto bytes = read_all(memory_.get());
    auto order = bytes ? decode_order(*bytes) : failure(system_text(bytes.error()));
    if (!order) return; // the node sees an end without a result
    wall_time started_at = helper_wall_now();
    process_start start{order->key, own_process_name(), started_at, order->executable};
    if (auto written = records.write_start(start); !written) {
      process_result refused;
      refused.key = order->key;
      refused.started = false;
      refused.error = "not started, for without a record it could run twice: " + written.error();
      refused.started_at = refused.finished_at = started_at;
      tell_in_memory(refused);
      return;
    }
    lock.close(); // whoever waits for it may read the records now
    auto result = supervise(*order, payload_.get(), started_at);
    if (!records.write_result(result)) tell_in_memory(result);
  }

private:
  /// When the disk is full the node can still read it from the order's own memory.
  void tell_in_memory(const process_result& result) {
    if (::ftruncate(memory_.get(), 0) == 0 && ::lseek(memory_.get(), 0, SEEK_SET) == 0)
      write_all(memory_.get(), encode(result));
  }

  descriptor memory_;
  descriptor payload_;
};

class host {
public:
  explicit host(std::string folder) : records_{std::move(folder)} {}

  int run() {
    sigset_t ended;
    ::sigemptyset(&ended);
    ::sigaddset(&ended, SIGCHLD);
    signals_ = descriptor{::signalfd(-1, &ended, SFD_NONBLOCK | SFD_CLOEXEC)};
    if (!signals_) return 1;
    host_answer ready{};
    if (send_packet(socket_.get(), &ready, sizeof ready, {}) != 0) return 0;
    for (;;) {
      pollfd files[] = {{socket_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
      if (::poll(files, 2, -1) < 0 && errno != EINTR) return 1;
      if (files[1].revents) reap();
      if (files[0].revents && !take_order()) return 0;
    }
  }

private:
  void reap() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    }
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }

  /// False: the node has gone.
  bool take_order() {
    host_order order{};
    auto packet = receive_packet(socket_.get(), &order, sizeof order);
    if (!packet || packet->size != sizeof order) return false;
    host_answer answer{order.job, order.attempt, 0};
    descriptor process;
    pid_t pid = packet->files[0] ? ::fork() : -1;
    if (pid == 0) become_helper(std::move(packet->files[0]), std::move(packet->files[1]));
    if (pid < 0) {
      answer.error = packet->files[0] ? errno : EMFILE;
    } else {
      // It is this process's child and not reaped yet, so the number is still its own.
      process = descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
      if (!process) {
        answer.error = errno;
        ::kill(pid, SIGKILL); // nobody could watch it
      }
    }
    int number = process.get();
    // A node that has gone is seen at the next receive; the helper that it wanted runs all the same.
    send_packet(socket_.get(), &answer, sizeof answer, std::span<const int>{&number, process ? size_t{1} : 0});
    return true;
  }

  [[noreturn]] void become_helper(descriptor order, descriptor payload) {
    socket_.close();
    signals_.close();
    ::prctl(PR_SET_NAME, "wheelwork-job");
    helper{std::move(order), std::move(payload)}.run(records_, std::move(lock_));
    ::_exit(0);
  }

  process_records records_;
  descriptor socket_{host_socket_number};
  descriptor lock_{host_lock_number};
  descriptor signals_;
};

bool is_socket(int number) {
  struct stat status {};
  return ::fstat(number, &status) == 0 && S_ISSOCK(status.st_mode);
}

} // namespace

int process_helper_main(int argc, char** argv) {
  if (argc != 3 || !is_socket(host_socket_number)) {
    std::fputs("process-helper is started by `wheelwork serve` for process targets and is of no use by hand\n", stderr);
    return 2;
  }
  ::close_range(host_lock_number + 1, ~0U, 0);
  for (int number : {host_socket_number, host_lock_number})
    ::close_range(static_cast<unsigned>(number), static_cast<unsigned>(number), CLOSE_RANGE_CLOEXEC);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  // Orders hold secrets, and a core would be written where the node stood.
  rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::umask(077);
  (void)!::chdir("/");
  ::prctl(PR_SET_NAME, "wheelwork-host");
  return host{argv[2]}.run();
}

} // namespace wheelwork
