// For tests of process targets: the helper program, a node that can be killed, and commands that behave badly. `PROGRAM
// MODE ARGUMENT…`
#include "targets/process_helper.hpp"
#include "targets/process_runner.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <map>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace wheelwork;

[[noreturn]] void wait_for_ever() {
  for (;;) ::pause();
}

/// Says by one byte in a FIFO that it is there and holds that open: a test sees how many there are, and by its end that
/// all are gone.
void show_life(const char* fifo) {
  int file = ::open(fifo, O_WRONLY);
  if (file < 0 || ::write(file, "x", 1) != 1) ::_exit(99);
}

void ignore_term() {
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
}

void say(const std::string& text) { (void)!::write(STDOUT_FILENO, text.data(), text.size()); }

/// ignore-term FIFO
int ignores_term(char** arguments) {
  ignore_term();
  show_life(arguments[0]);
  wait_for_ever();
}

/// daemon FIFO: leaves a daemon behind that ignores TERM and holds the output open, then ends.
int leaves_daemon(char** arguments) {
  int ready[2];
  (void)!::pipe(ready);
  if (::fork() == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    ::setsid();
    ignore_term();
    show_life(arguments[0]);
    (void)!::write(ready[1], "x", 1);
    wait_for_ever();
  }
  char ignored = 0;
  (void)!::read(ready[0], &ignored, 1);
  ::wait(nullptr);
  return 0;
}

/// forks COUNT FIFO: children each in a session of their own that ignore TERM, then waits.
int forks_many(char** arguments) {
  ignore_term();
  for (int count = std::atoi(arguments[0]); count > 0; --count)
    if (::fork() == 0) {
      ::setsid();
      show_life(arguments[1]);
      wait_for_ever();
    }
  wait_for_ever();
}

/// wait FIFO GATE: ends with exit code 7 once somebody writes to the FIFO named GATE.
int waits(char** arguments) {
  int gate = ::open(arguments[1], O_RDWR); // to read only would wait for a writer who may have left already
  show_life(arguments[0]);
  char ignored = 0;
  return ::read(gate, &ignored, 1) == 1 ? 7 : 8;
}

/// print BYTES
int prints(char** arguments) {
  std::string block(64 << 10, 'x');
  for (long long left = std::atoll(arguments[0]); left > 0;) {
    ssize_t written = ::write(STDOUT_FILENO, block.data(), std::min<size_t>(block.size(), static_cast<size_t>(left)));
    if (written < 0) return 9;
    left -= written;
  }
  return 0;
}

/// descriptors: the numbers of its open files.
int shows_descriptors(char**) {
  std::string open;
  for (int number = 0; number < 1024; ++number)
    if (::fcntl(number, F_GETFD) >= 0) open += std::to_string(number) + " ";
  say(open);
  return 0;
}

class real_clock : public clock_source {
public:
  wall_time wall_now() const override {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return wall_time{milliseconds{now.tv_sec * 1000 + now.tv_nsec / 1'000'000}};
  }
  std::chrono::steady_clock::time_point steady_now() const override { return {}; }
};

/// node RECORDS COMMAND…: a node that starts one attempt (job 77, attempt 1) and then only waits.
int runs_node(const char* program, char** arguments) {
  real_clock clock;
  process_runner_settings settings;
  settings.allow = {arguments[1]};
  settings.records_dir = arguments[0];
  settings.helper_path = program;
  auto runner = make_process_runner(settings, {}, clock, [](std::vector<attempt_result>) {});
  auto how = std::make_shared<resolved_target>();
  process_target target;
  for (char** part = arguments + 1; *part; ++part) target.command.push_back(*part);
  how->how = target;
  attempt_order order;
  order.what.id = job_id{77};
  order.what.how = how;
  order.number = 1;
  runner->run({order});
  wait_for_ever();
}

} // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "process-helper") return process_helper_main(argc, argv);
  if (mode == "node") return runs_node(argv[0], argv + 2);
  const std::map<std::string, std::function<int(char**)>> modes{
      {"ignore-term", ignores_term}, {"daemon", leaves_daemon}, {"wait", waits},
      {"forks", forks_many},         {"print", prints},         {"descriptors", shows_descriptors},
  };
  auto found = modes.find(mode);
  return found == modes.end() ? 98 : found->second(argv + 2);
}
