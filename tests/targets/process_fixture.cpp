#include "tests/targets/process_fixture.hpp"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wheelwork::process_test {

namespace {

constexpr int patience_ms = 60'000;

} // namespace

results_sink answers::sink() {
  return [this](std::vector<attempt_result> results) {
    std::lock_guard guard{mutex_};
    for (auto& result : results) {
      auto key = std::pair{value_of(result.id), result.number};
      results_.emplace(key, std::move(result));
    }
    arrived_.notify_all();
  };
}

attempt_result answers::of(uint64_t id, uint32_t number) {
  std::unique_lock guard{mutex_};
  auto key = std::pair{id, number};
  if (arrived_.wait_for(guard, patience, [&] { return results_.contains(key); })) return results_.find(key)->second;
  ADD_FAILURE() << "no answer to attempt " << number << " of job " << id;
  return {};
}

size_t answers::count(uint64_t id, uint32_t number) {
  std::lock_guard guard{mutex_};
  return results_.count({id, number});
}

life_line::life_line(std::string path) : path_{std::move(path)} {
  ::mkfifo(path_.c_str(), 0666);
  file_ = descriptor{::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
}

bool life_line::wait_for(size_t bytes) {
  char ignored = 0;
  while (bytes > 0) {
    pollfd file{file_.get(), POLLIN, 0};
    if (::poll(&file, 1, patience_ms) != 1 || ::read(file_.get(), &ignored, 1) != 1) return false;
    --bytes;
  }
  return true;
}

bool life_line::all_gone_now() {
  char ignored = 0;
  return ::read(file_.get(), &ignored, 1) == 0;
}

bool life_line::wait_until_all_gone() {
  pollfd file{file_.get(), 0, 0}; // POLLHUP is always watched
  return ::poll(&file, 1, patience_ms) == 1 && all_gone_now();
}

process_fixture::process_fixture() {
  std::string pattern = testing::TempDir() + "wheelwork-process-XXXXXX";
  folder_ = std::filesystem::canonical(::mkdtemp(pattern.data())).string();
  ::chmod(folder_.c_str(), 0755);
  // As each database has a secret of its own: else the processes of a test that runs beside this one, with the same job
  // ids, would be taken for its own.
  std::copy_n(folder_.end() - 6, 6, identity_.database_secret.begin());
  settings_.records_dir = path("records");
  settings_.helper_path = helper_;
  settings_.kill_grace = milliseconds{100};
  settings_.allow = {"/bin/sh", "/bin/true", "/bin/cat", "/usr/bin/env", helper_};
}

process_fixture::~process_fixture() {
  runner_.reset();
  std::filesystem::remove_all(folder_);
}

std::string process_fixture::file(const std::string& name, const std::string& content, mode_t mode) {
  std::ofstream{path(name), std::ios::binary} << content;
  ::chmod(path(name).c_str(), mode);
  return path(name);
}

void process_fixture::start() { runner_ = make_process_runner(settings_, identity_, clock_, answers_.sink()); }

attempt_order process_fixture::order(uint64_t id, std::vector<std::string> command, uint32_t number) {
  auto how = std::make_shared<resolved_target>();
  process_target target;
  target.command = std::move(command);
  how->how = std::move(target);
  targets_[id] = how;
  attempt_order order;
  order.what.id = job_id{id};
  order.what.how = how;
  order.number = number;
  return order;
}

process_target& process_fixture::target_of(attempt_order& order) {
  return std::get<process_target>(targets_.at(value_of(order.what.id))->how);
}

void process_fixture::run(attempt_order order) {
  if (!runner_) start();
  runner_->run({std::move(order)});
}

attempt_result process_fixture::run_and_wait(attempt_order order) {
  auto id = value_of(order.what.id);
  auto number = order.number;
  run(std::move(order));
  return answers_.of(id, number);
}

attempt_result process_fixture::result_of(std::vector<std::string> command) {
  return run_and_wait(order(1000 + targets_.size(), std::move(command)));
}

size_t process_fixture::records() const {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(settings_.records_dir))
    if (entry.path().filename() != "lock") ++count;
  return count;
}

nlohmann::json response(const attempt_result& result) { return nlohmann::json::parse(result.response, nullptr, false); }

} // namespace wheelwork::process_test
