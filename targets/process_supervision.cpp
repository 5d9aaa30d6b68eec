#include "targets/process_supervision.hpp"

#include "schedule/time_text.hpp"
#include "targets/process_start.hpp"
#include "targets/process_tree.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace wheelwork {

static_assert(cancel_signal == SIGUSR1);

namespace {

/// For what a command left to end by itself, such as the writer at the end of a pipe.
constexpr milliseconds leftover_grace{250};
/// Between two rounds of KILL, and how many: a process stuck in the kernel must not hold up the result for ever.
constexpr milliseconds kill_interval{20};
constexpr int kill_rounds_max = 500;

enum class end_reason : uint8_t { none, timeout, cancel, outside };

enum class phase : uint8_t {
  running,   ///< the command runs; the timer is the time-out
  leftovers, ///< it ended, some of its processes have not; the timer is leftover_grace
  asked,     ///< all got TERM; the timer is kill_grace
  killing,   ///< all get KILL, again and again
};

class supervision {
public:
  supervision(const process_order& order, int payload, wall_time started_at) : order_{order} {
    result_.key = order.key;
    result_.started_at = started_at;
    start(payload);
  }

  process_result run() && {
    if (result_.started) {
      while (!tree_gone_) step();
      drain();
      decide();
    }
    if (result_.finished_at == wall_time{}) result_.finished_at = helper_wall_now();
    return std::move(result_);
  }

private:
  void start(int payload);
  void refuse(std::string why);
  void step();
  void on_signals();
  void on_timer();
  void reap();
  void end_tree(end_reason reason);
  void ask_all();
  void kill_all();
  void arm(milliseconds after);
  bool read_output();
  void drain();
  void decide();
  std::string how_ended() const;

  const process_order& order_;
  process_result result_;
  descriptor output_, signals_, timer_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
  pid_t command_ = 0;
  std::optional<int> status_; ///< the command's, once it ended
  end_reason reason_ = end_reason::none;
  phase phase_ = phase::running;
  bool tree_gone_ = false;
  bool command_killed_ = false; ///< it still ran when KILL was sent
  int kill_rounds_ = 0;
};

void supervision::refuse(std::string why) {
  result_.started = false;
  result_.outcome = attempt_outcome::failed;
  result_.error = std::move(why);
}

void supervision::start(int payload) {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (int signal : {SIGCHLD, SIGTERM, cancel_signal}) ::sigaddset(&wanted, signal);
  signals_ = descriptor{::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC)};
  timer_ = descriptor{::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
  int ends[2];
  if (!signals_ || !timer_ || ::pipe2(ends, O_CLOEXEC) != 0)
    return refuse("the process helper could not start: " + system_text(errno));
  output_ = descriptor{ends[0]};
  descriptor writing{ends[1]};
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK); // this end only
  auto pid = start_command(order_, payload, writing.get());
  if (!pid) return refuse(std::move(pid.error()));
  command_ = *pid;
  arm(order_.timeout);
}

void supervision::arm(milliseconds after) {
  auto span = std::max(after, milliseconds{1}); // zero would disarm it
  itimerspec when{};
  when.it_value.tv_sec = span.count() / 1000;
  when.it_value.tv_nsec = span.count() % 1000 * 1'000'000;
  ::timerfd_settime(timer_.get(), 0, &when, nullptr);
}

void supervision::step() {
  std::array<pollfd, 3> files{{{signals_.get(), POLLIN, 0}, {timer_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}}};
  if (::poll(files.data(), files.size(), -1) < 0) return;
  if (files[2].revents && !read_output()) output_.close(); // poll ignores a negative number
  if (files[0].revents) on_signals();
  if (files[1].revents && !tree_gone_) on_timer();
}

void supervision::on_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD) reap();
    if (info.ssi_signo == SIGTERM) end_tree(end_reason::outside);
    if (info.ssi_signo == uint32_t{cancel_signal}) end_tree(end_reason::cancel);
  }
}

/// Whatever descends from the command comes to this process when its parent ends, so no child left means that the whole
/// tree is gone.
void supervision::reap() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid != command_) continue;
    status_ = status;
    result_.finished_at = helper_wall_now();
  }
  tree_gone_ = pid < 0 && errno == ECHILD;
  if (!status_ || tree_gone_ || phase_ != phase::running) return;
  phase_ = phase::leftovers;
  arm(leftover_grace);
}

void supervision::end_tree(end_reason reason) {
  if (status_ || reason_ != end_reason::none) return; // the outcome is decided
  reason_ = reason;
  ask_all();
}

void supervision::ask_all() {
  signal_descendants(SIGTERM);
  signal_descendants(SIGCONT); // a stopped process gets its TERM only when it goes on
  phase_ = phase::asked;
  arm(order_.kill_grace);
}

void supervision::kill_all() {
  if (phase_ != phase::killing) command_killed_ = !status_;
  phase_ = phase::killing;
  signal_descendants(SIGKILL);
  if (++kill_rounds_ < kill_rounds_max) return arm(kill_interval);
  tree_gone_ = true; // not true, and decide() says so
}

void supervision::on_timer() {
  uint64_t expirations = 0;
  if (::read(timer_.get(), &expirations, sizeof expirations) < 0) return;
  switch (phase_) {
  case phase::running: return end_tree(end_reason::timeout);
  case phase::leftovers: return ask_all();
  case phase::asked:
  case phase::killing: return kill_all();
  }
}

/// One piece, so that signals and the timer get their turn beside a command that prints without end. False: nothing
/// more can come.
bool supervision::read_output() {
  ssize_t count = ::read(output_.get(), buffer_.data(), buffer_.size());
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  size_t kept = std::min(static_cast<size_t>(count), order_.output_limit - result_.output.size());
  result_.output.append(buffer_.data(), kept);
  result_.truncated = result_.truncated || kept < static_cast<size_t>(count);
  return true;
}

/// What the tree wrote before it ended is still in the pipe. Something outside of the tree may hold the other end, so
/// it is not read to its end.
void supervision::drain() {
  if (!output_) return;
  for (pollfd file{output_.get(), POLLIN, 0}; ::poll(&file, 1, 0) > 0 && (file.revents & POLLIN);)
    if (!read_output() || result_.truncated) break;
}

std::string supervision::how_ended() const {
  if (!status_) return ", and could not be ended: a process hangs in the kernel";
  if (kill_rounds_ >= kill_rounds_max) return ", ended by KILL but for a process that hangs in the kernel";
  return command_killed_ ? ", ended by KILL" : ", ended by TERM";
}

void supervision::decide() {
  if (status_ && WIFEXITED(*status_)) result_.exit_code = WEXITSTATUS(*status_);
  if (status_ && WIFSIGNALED(*status_)) result_.signal = WTERMSIG(*status_);
  switch (reason_) {
  case end_reason::timeout:
    result_.outcome = attempt_outcome::timed_out;
    result_.error = "timed out after " + format_duration(order_.timeout) + how_ended();
    return;
  case end_reason::cancel:
    if (result_.exit_code) break; // it came to an end of its own, and what it says there is its result
    result_.outcome = attempt_outcome::cancelled;
    result_.error = "cancelled" + how_ended();
    return;
  case end_reason::outside:
    result_.outcome = attempt_outcome::lost;
    result_.error = "its helper got SIGTERM from outside of wheelwork, as at a shutdown of the machine" + how_ended();
    return;
  case end_reason::none: break;
  }
  if (result_.exit_code == 0) {
    result_.outcome = attempt_outcome::succeeded;
  } else if (result_.exit_code) {
    result_.error = "exit code " + std::to_string(*result_.exit_code);
  } else if (result_.signal) {
    result_.error = "killed by signal " + std::to_string(*result_.signal) + " (" + ::strsignal(*result_.signal) + ")";
    if (*result_.signal == SIGKILL) result_.error += "; the kernel does that when memory runs out";
  }
}

} // namespace

process_result supervise(const process_order& order, int payload, wall_time started_at) {
  return supervision{order, payload, started_at}.run();
}

} // namespace wheelwork
