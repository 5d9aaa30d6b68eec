#include "targets/process_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <dirent.h>
#include <memory>
#include <optional>
#include <set>
#include <sys/syscall.h>
#include <unistd.h>

namespace wheelwork {

namespace {

/// What /proc/PID/stat says, as far as it matters here.
struct process_status {
  pid_t parent = 0;
  uint64_t start_ticks = 0;
};

std::string proc_path(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

template <class Number>
Number number_in(std::string_view text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<process_status> read_status(pid_t pid) {
  auto text = read_file(proc_path(pid, "stat"));
  if (!text) return std::nullopt;
  // The name in parentheses may hold anything, blanks and parentheses too; the third field follows the last one.
  size_t name_end = text->rfind(") ");
  if (name_end == text->npos) return std::nullopt;
  std::string_view rest{*text};
  rest.remove_prefix(name_end + 2);
  process_status status;
  for (int field = 3; !rest.empty(); ++field) {
    size_t blank = rest.find(' ');
    auto value = rest.substr(0, blank);
    if (field == 4) status.parent = number_in<pid_t>(value);
    if (field == 22) {
      status.start_ticks = number_in<uint64_t>(value);
      return status;
    }
    rest.remove_prefix(blank == rest.npos ? rest.size() : blank + 1);
  }
  return std::nullopt;
}

descriptor open_pid(pid_t pid) { return descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))}; }

std::vector<pid_t> numbers_in_folder(const std::string& folder) {
  std::vector<pid_t> numbers;
  std::unique_ptr<DIR, int (*)(DIR*)> entries{::opendir(folder.c_str()), &::closedir};
  if (!entries) return numbers;
  while (const dirent* entry = ::readdir(entries.get()))
    if (pid_t pid = number_in<pid_t>(entry->d_name); pid > 0) numbers.push_back(pid);
  return numbers;
}

/// The children of all threads of a process, as the kernel lists them.
std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  for (pid_t thread : numbers_in_folder(proc_path(pid, "task"))) {
    auto list = read_file(proc_path(pid, "task/") + std::to_string(thread) + "/children");
    if (!list) continue;
    for (size_t at = 0; at < list->size();) {
      size_t blank = std::min(list->find(' ', at), list->size());
      if (pid_t child = number_in<pid_t>(std::string_view{*list}.substr(at, blank - at)); child > 0)
        children.push_back(child);
      at = blank + 1;
    }
  }
  return children;
}

/// The signal goes through a pidfd that was opened before the parent was checked, so that it can't hit a stranger with
/// a reused number.
bool signal_child(pid_t child, pid_t parent, int signal) {
  descriptor process = open_pid(child);
  if (!process) return false;
  auto status = read_status(child);
  if (!status || (status->parent != parent && status->parent != ::getpid())) return false;
  return signal_process(process.get(), signal) == 0;
}

using signalled = std::set<std::pair<pid_t, uint64_t>>;

/// One pass over the tree; returns how many processes were met for the first time.
size_t signal_new_descendants(int signal, signalled& reached) {
  size_t fresh = 0;
  std::vector<pid_t> parents{::getpid()};
  std::set<pid_t> visited{::getpid()};
  while (!parents.empty()) {
    pid_t parent = parents.back();
    parents.pop_back();
    for (pid_t child : children_of(parent)) {
      if (!visited.insert(child).second) continue;
      parents.push_back(child);
      auto status = read_status(child);
      if (!status || !reached.emplace(child, status->start_ticks).second) continue;
      if (signal_child(child, parent, signal)) ++fresh;
    }
  }
  return fresh;
}

bool environment_holds(const std::string& environment, const std::string& variable) {
  // Each entry ends in a NUL; one at the start has none before it.
  std::string entry = variable + '\0';
  return environment.starts_with(entry) || environment.find('\0' + entry) != environment.npos;
}

/// Passes after which a tree that grows faster than it is signalled is left to the caller's next try.
constexpr int passes_max = 100;

} // namespace

std::string current_boot_id() {
  auto id = read_file("/proc/sys/kernel/random/boot_id");
  if (!id) return {};
  return id->substr(0, id->find('\n'));
}

process_name own_process_name() {
  auto status = read_status(::getpid());
  return {.pid = ::getpid(), .start_ticks = status ? status->start_ticks : 0, .boot_id = current_boot_id()};
}

descriptor open_process(const process_name& name) {
  if (name.pid <= 0 || name.boot_id != current_boot_id()) return {};
  descriptor process = open_pid(name.pid);
  if (!process) return {};
  auto status = read_status(name.pid);
  if (!status || status->start_ticks != name.start_ticks) return {};
  return process;
}

int signal_process(int process, int signal) {
  return ::syscall(SYS_pidfd_send_signal, process, signal, nullptr, 0) == 0 ? 0 : errno;
}

size_t signal_descendants(int signal) {
  signalled reached;
  size_t total = 0;
  for (int pass = 0; pass < passes_max; ++pass) {
    size_t fresh = signal_new_descendants(signal, reached);
    total += fresh;
    if (fresh == 0) break;
  }
  return total;
}

size_t kill_processes_with(const std::vector<std::string>& environment) {
  signalled reached;
  size_t total = 0;
  for (int pass = 0; pass < passes_max; ++pass) {
    size_t fresh = 0;
    for (pid_t pid : numbers_in_folder("/proc")) {
      descriptor process = open_pid(pid);
      if (!process || pid == ::getpid()) continue;
      auto own = read_file(proc_path(pid, "environ"));
      auto status = read_status(pid);
      if (!own || !status || reached.contains({pid, status->start_ticks})) continue;
      if (!std::all_of(environment.begin(), environment.end(),
                       [&](const std::string& variable) { return environment_holds(*own, variable); }))
        continue;
      reached.emplace(pid, status->start_ticks);
      if (signal_process(process.get(), SIGKILL) == 0) ++fresh;
    }
    total += fresh;
    if (fresh == 0) break;
  }
  return total;
}

} // namespace wheelwork
