#include "targets/process_runner.hpp"

#include "targets/process_command.hpp"
#include "targets/process_host.hpp"
#include "targets/process_response.hpp"
#include "targets/process_supervision.hpp"
#include "targets/process_tree.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <unordered_map>

namespace wheelwork {

namespace {

/// Orders on their way to the host at a time: open files in a socket are limited.
constexpr size_t unanswered_max = 32;
/// Hosts that end one after the other without an answer before the orders that wait are given up.
constexpr int host_failures_max = 3;

std::optional<std::string> node_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>{value} : std::nullopt;
}

/// An order that the host has not got yet.
struct waiting_order {
  attempt_key key;
  descriptor memory, payload;
};

/// An attempt with a helper, or on the way to one.
struct running_attempt {
  descriptor process; ///< pidfd of the helper; none until the host has answered
  descriptor memory;  ///< the order; a helper that can't write its record leaves the result there
  wall_time started_at{};
  bool cancelled = false;
  bool settled = false; ///< its records are not needed once it has ended
};

process_allow_list allow_list(std::vector<std::string> patterns) {
  auto list = process_allow_list::make(std::move(patterns));
  if (!list) throw std::runtime_error(list.error());
  return std::move(*list);
}

class process_runner_impl final : public process_runner {
public:
  process_runner_impl(process_runner_settings settings, attempt_identity identity, const clock_source& clock,
                      results_sink sink)
      : settings_{std::move(settings)}, identity_{std::move(identity)}, clock_{clock}, sink_{std::move(sink)},
        allow_{allow_list(settings_.allow)}, records_{process_records::open(settings_.records_dir)},
        host_{settings_.helper_path, records_, lock_records(records_, settings_.lock_patience)},
        events_{::epoll_create1(EPOLL_CLOEXEC)}, wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (!events_ || !wake_) throw std::runtime_error("process targets: " + system_text(errno));
    records_.remove_unfinished_starts();
    watch(wake_.get(), EPOLLIN);
    host_.start();
    watch(host_.socket(), EPOLLIN);
    thread_ = std::thread{[this] { work(); }};
  }

  ~process_runner_impl() override { stop(); }

  void run(std::vector<attempt_order> orders) override {
    post([&](inbox& in) {
      in.orders.insert(in.orders.end(), std::make_move_iterator(orders.begin()), std::make_move_iterator(orders.end()));
    });
  }
  void cancel(job_id id, uint32_t number) override {
    post([&](inbox& in) { in.cancels.push_back({id, number}); });
  }
  void settled(job_id id, uint32_t number) override {
    post([&](inbox& in) { in.settled.push_back({id, number}); });
  }
  void not_counted(job_id id, uint32_t number) override { settled(id, number); }
  result<void, std::string> set_allow(std::vector<std::string> patterns) override {
    auto list = process_allow_list::make(std::move(patterns));
    if (!list) return failure(std::move(list.error()));
    post([&](inbox& in) { in.allow = std::move(*list); });
    return {};
  }
  std::vector<adopted_attempt> adopt() override;
  void stop() override;

private:
  /// What other threads want.
  struct inbox {
    std::vector<attempt_order> orders;
    std::vector<attempt_key> cancels, settled;
    std::vector<std::pair<attempt_key, running_attempt>> adopted;
    std::vector<attempt_result> results; ///< of adopted attempts that have ended
    std::optional<process_allow_list> allow;
    bool stop = false;
  };
  template <class Change>
  void post(Change change) {
    {
      std::lock_guard guard{mutex_};
      change(inbox_);
    }
    ::eventfd_write(wake_.get(), 1);
  }

  void watch(int file, uint32_t events);
  void work();
  bool take_inbox();
  void on_event(const epoll_event& event);
  void prepare(const attempt_order& order);
  void send_waiting();
  void on_answers();
  void on_host_end();
  void start_host();
  void refuse_waiting(const std::string& why);
  void watch_helper(attempt_key key, running_attempt& attempt);
  void on_cancel(attempt_key key);
  void finish(attempt_key key, running_attempt attempt);
  std::optional<process_result> result_of(attempt_key key, const running_attempt& attempt, std::string& why_none);
  attempt_result refused(attempt_key key, std::string why);
  attempt_result lost(attempt_key key, wall_time started_at, std::string why);
  void adopt_one(attempt_key key, inbox& found, std::vector<adopted_attempt>& adopted);

  process_runner_settings settings_;
  attempt_identity identity_;
  const clock_source& clock_;
  results_sink sink_;
  process_allow_list allow_;
  process_records records_;
  process_host host_;
  descriptor events_, wake_;

  std::mutex mutex_;
  inbox inbox_;

  // Of the thread only.
  std::deque<waiting_order> waiting_;
  std::map<attempt_key, running_attempt> running_;
  std::unordered_map<int, attempt_key> helpers_; ///< by pidfd
  size_t unanswered_ = 0;
  bool host_ready_ = false; ///< it has said so; before that it gets nothing, so that one that never works loses nothing
  int host_failures_ = 0;
  std::vector<attempt_result> results_;
  std::thread thread_;
};

void process_runner_impl::watch(int file, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = file;
  if (::epoll_ctl(events_.get(), EPOLL_CTL_ADD, file, &event) != 0 && errno == EEXIST)
    ::epoll_ctl(events_.get(), EPOLL_CTL_MOD, file, &event);
}

void process_runner_impl::work() {
  std::array<epoll_event, 64> events;
  for (;;) {
    int count = ::epoll_wait(events_.get(), events.data(), events.size(), -1);
    for (int at = 0; at < count; ++at) on_event(events[static_cast<size_t>(at)]);
    if (!take_inbox()) return;
    send_waiting();
    if (!results_.empty()) sink_(std::exchange(results_, {}));
  }
}

bool process_runner_impl::take_inbox() {
  inbox in;
  {
    std::lock_guard guard{mutex_};
    std::swap(in, inbox_);
  }
  if (in.stop) return false;
  if (in.allow) allow_ = std::move(*in.allow);
  for (const auto& order : in.orders) prepare(order);
  for (auto& [key, attempt] : in.adopted) watch_helper(key, running_[key] = std::move(attempt));
  std::move(in.results.begin(), in.results.end(), std::back_inserter(results_));
  for (auto key : in.cancels) on_cancel(key);
  for (auto key : in.settled) {
    // One that is told to stop still has a record to write.
    if (auto found = running_.find(key); found != running_.end())
      found->second.settled = true;
    else
      records_.remove(key);
  }
  return true;
}

void process_runner_impl::on_event(const epoll_event& event) {
  int file = event.data.fd;
  if (file == wake_.get()) {
    eventfd_t count = 0;
    ::eventfd_read(file, &count);
  } else if (file == host_.socket()) {
    on_answers();
  } else if (auto helper = helpers_.find(file); helper != helpers_.end()) {
    auto attempt = running_.extract(helper->second);
    helpers_.erase(helper);
    finish(attempt.key(), std::move(attempt.mapped()));
  }
}

attempt_result process_runner_impl::refused(attempt_key key, std::string why) {
  attempt_result out;
  out.id = key.id;
  out.number = key.number;
  out.started = false;
  out.started_at = out.finished_at = clock_.wall_now();
  out.error = std::move(why);
  return out;
}

void process_runner_impl::prepare(const attempt_order& order) {
  attempt_key key{order.what.id, order.number};
  auto plan =
      make_process_order(order, identity_, {allow_, settings_.kill_grace, settings_.output_limit, node_variable});
  if (!plan) {
    results_.push_back(refused(key, std::move(plan.error())));
    return;
  }
  waiting_order ready{key, {}, {}};
  auto memory = memory_file("wheelwork-order", encode(*plan));
  if (!memory) {
    results_.push_back(refused(key, "no memory for the order: " + system_text(memory.error())));
    return;
  }
  ready.memory = std::move(*memory);
  if (!order.what.body.empty()) {
    auto payload = memory_file("wheelwork-payload", order.what.body.data());
    if (!payload) {
      results_.push_back(refused(key, "no memory for the payload: " + system_text(payload.error())));
      return;
    }
    // The command may seek in its stdin, but not write to it.
    ::fcntl(payload->get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
    ready.payload = std::move(*payload);
  }
  waiting_.push_back(std::move(ready));
}

void process_runner_impl::send_waiting() {
  if (!waiting_.empty() && host_.socket() < 0) start_host(); // given up before; one more try for new orders
  while (host_ready_ && !waiting_.empty() && unanswered_ < unanswered_max) {
    auto& next = waiting_.front();
    int error = host_.send(next.key, next.memory.get(), next.payload.get());
    if (error == EAGAIN || error == EPIPE || error == ECONNRESET) return; // its answers, or its end, come first
    if (error) {
      results_.push_back(refused(next.key, "the order could not be given to the process host: " + system_text(error)));
    } else {
      ++unanswered_;
      running_[next.key] = {.process = {}, .memory = std::move(next.memory), .started_at = clock_.wall_now()};
    }
    waiting_.pop_front();
  }
}

void process_runner_impl::on_answers() {
  for (;;) {
    auto answer = host_.receive();
    if (!answer) {
      if (answer.error() != EAGAIN) on_host_end();
      return;
    }
    if (answer->key.id == job_id{}) {
      host_ready_ = true;
      continue;
    }
    --unanswered_;
    host_failures_ = 0;
    auto found = running_.find(answer->key);
    if (found == running_.end()) continue;
    if (answer->error) {
      running_.erase(found);
      results_.push_back(refused(answer->key, "no helper process could be started: " + system_text(answer->error)));
      continue;
    }
    found->second.process = std::move(answer->process);
    watch_helper(answer->key, found->second);
  }
}

void process_runner_impl::watch_helper(attempt_key key, running_attempt& attempt) {
  helpers_[attempt.process.get()] = key;
  watch(attempt.process.get(), EPOLLIN);
  if (attempt.cancelled) signal_process(attempt.process.get(), cancel_signal);
}

/// Helpers go on without their host. What was on its way to it may have been started or not.
void process_runner_impl::on_host_end() {
  for (auto at = running_.begin(); at != running_.end();) {
    if (at->second.process) {
      ++at;
      continue;
    }
    kill_processes_with(marks_of_attempt(at->first, identity_));
    results_.push_back(lost(at->first, at->second.started_at, "the process host ended while it started the attempt"));
    at = running_.erase(at);
  }
  unanswered_ = 0;
  host_ready_ = false;
  host_.stop();
  if (++host_failures_ < host_failures_max) return start_host();
  refuse_waiting("the process host " + settings_.helper_path + " ends without doing anything");
}

void process_runner_impl::start_host() {
  try {
    host_.start();
    watch(host_.socket(), EPOLLIN);
  } catch (const std::runtime_error& fault) {
    refuse_waiting(fault.what());
  }
}

void process_runner_impl::refuse_waiting(const std::string& why) {
  for (const auto& order : waiting_) results_.push_back(refused(order.key, why));
  waiting_.clear();
}

void process_runner_impl::on_cancel(attempt_key key) {
  auto waits = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& order) { return order.key == key; });
  if (waits != waiting_.end()) {
    results_.push_back(refused(key, "cancelled before it started"));
    results_.back().outcome = attempt_outcome::cancelled;
    waiting_.erase(waits);
    return;
  }
  auto found = running_.find(key);
  if (found == running_.end()) return; // it has ended, and its result is on the way
  found->second.cancelled = true;
  if (found->second.process) signal_process(found->second.process.get(), cancel_signal);
}

attempt_result process_runner_impl::lost(attempt_key key, wall_time started_at, std::string why) {
  attempt_result out;
  out.id = key.id;
  out.number = key.number;
  out.outcome = attempt_outcome::lost;
  out.started_at = started_at;
  out.finished_at = clock_.wall_now();
  out.error = std::move(why);
  return out;
}

std::optional<process_result> process_runner_impl::result_of(attempt_key key, const running_attempt& attempt,
                                                             std::string& why_none) {
  auto record = records_.read_result(key);
  if (!record) why_none = record.error();
  if (record && *record) return std::move(**record);
  if (!attempt.memory) return std::nullopt;
  auto bytes = read_all(attempt.memory.get());
  auto left = bytes ? decode_result(*bytes) : failure(std::string{});
  if (left && left->key == key) return std::move(*left);
  return std::nullopt;
}

/// The helper has ended.
void process_runner_impl::finish(attempt_key key, running_attempt attempt) {
  std::string why = "its helper process ended without a result: somebody killed it, or the kernel for want of memory";
  auto result = result_of(key, attempt, why);
  if (attempt.settled) records_.remove(key);
  if (result) {
    results_.push_back(to_attempt_result(*result));
    return;
  }
  // The command itself died with its helper. What it had started may still run, and must not meet the next attempt.
  if (size_t killed = kill_processes_with(marks_of_attempt(key, identity_)); killed > 0)
    why += "; " + std::to_string(killed) + " processes that it left were killed";
  results_.push_back(lost(key, attempt.started_at, std::move(why)));
}

std::vector<adopted_attempt> process_runner_impl::adopt() {
  inbox found;
  std::vector<adopted_attempt> adopted;
  auto keys = records_.list();
  if (!keys) throw std::runtime_error("process records can't be read: " + keys.error());
  for (auto key : *keys) adopt_one(key, found, adopted);
  post([&](inbox& in) {
    std::move(found.adopted.begin(), found.adopted.end(), std::back_inserter(in.adopted));
    std::move(found.results.begin(), found.results.end(), std::back_inserter(in.results));
  });
  return adopted;
}

void process_runner_impl::adopt_one(attempt_key key, inbox& found, std::vector<adopted_attempt>& adopted) {
  auto start = records_.read_start(key);
  running_attempt attempt;
  if (start && *start) {
    attempt.started_at = (*start)->started_at;
    attempt.process = open_process((*start)->helper);
  }
  adopted.push_back({key.id, key.number, attempt.started_at});
  if (attempt.process) {
    found.adopted.emplace_back(key, std::move(attempt));
    return;
  }
  // Read after the helper was seen to have ended: whatever it was to write is written.
  auto result = records_.read_result(key);
  if (result && *result) {
    adopted.back().started_at = (*result)->started_at;
    found.results.push_back(to_attempt_result(**result));
    return;
  }
  std::string why = "its helper process ended while the node was down, without a result";
  if (!start) why = "its start record can't be read: " + start.error();
  if (!result) why = "its result can't be read: " + result.error();
  if (start && *start && (*start)->helper.boot_id != current_boot_id()) why = "the machine was restarted while it ran";
  kill_processes_with(marks_of_attempt(key, identity_));
  found.results.push_back(lost(key, attempt.started_at, std::move(why)));
}

void process_runner_impl::stop() {
  if (!thread_.joinable()) return;
  post([](inbox& in) { in.stop = true; });
  thread_.join();
  host_.stop();
  host_.release();
}

} // namespace

std::unique_ptr<process_runner> make_process_runner(process_runner_settings settings, attempt_identity identity,
                                                    const clock_source& clock, results_sink sink) {
  return std::make_unique<process_runner_impl>(std::move(settings), std::move(identity), clock, std::move(sink));
}

} // namespace wheelwork
