#include "targets/http_runner.hpp"

#include "targets/http_attempt.hpp"
#include "targets/transfer_loop.hpp"

#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <mutex>
#include <pthread.h>
#include <stdexcept>
#include <thread>
#include <unordered_map>

namespace wheelwork {

namespace {

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value) return std::nullopt;
  return std::string{value};
}

http_environment make_environment(http_runner_settings settings, attempt_identity identity, const clock_source& clock) {
  std::optional<webhook_signer> signer;
  if (!settings.signing_secret.empty()) {
    auto made = webhook_signer::from_secret(settings.signing_secret);
    if (!made) throw std::invalid_argument{made.error()};
    signer = std::move(*made);
  }
  egress_guard guard{settings.deny_networks, settings.allow_networks};
  return {std::move(settings), std::move(identity), std::move(guard), std::move(signer), environment_variable, clock};
}

struct attempt_key {
  job_id id;
  uint32_t number;
  bool operator==(const attempt_key&) const = default;
};

struct hash_of_key {
  size_t operator()(const attempt_key& key) const { return std::hash<job_id>{}(key.id) ^ key.number; }
};

/// What callers left for the thread.
struct inbox {
  std::vector<attempt_order> orders;
  std::vector<attempt_key> cancels;
  std::optional<egress_guard> guard;
  bool stopping = false;
};

class loop_runner final : public http_runner {
public:
  loop_runner(http_environment environment, results_sink sink);
  ~loop_runner() override { stop(); }
  void run(std::vector<attempt_order> orders) override;
  void cancel(job_id id, uint32_t number) override;
  void set_networks(std::vector<network> deny, std::vector<network> allow) override;
  void stop() override;

private:
  template <class Change>
  void leave(Change change);
  inbox take_inbox();

  // On the thread.
  void operate();
  void start(attempt_order order);
  void add(http_attempt& attempt);
  void cancel_attempt(const attempt_key& key);
  void collect_ended();
  void hand_over();

  http_environment environment_;
  results_sink sink_;
  transfer_loop loop_;
  std::unordered_map<attempt_key, std::unique_ptr<http_attempt>, hash_of_key> attempts_; ///< destroyed before loop_
  std::vector<attempt_result> results_;
  std::mutex mutex_;
  inbox inbox_;
  bool woken_ = false; ///< the inbox was filled and the thread has not looked since
  std::thread thread_;
};

loop_runner::loop_runner(http_environment environment, results_sink sink)
    : environment_{std::move(environment)}, sink_{std::move(sink)}, loop_{environment_.settings.connections_max} {
  thread_ = std::thread{[this] { operate(); }};
}

template <class Change>
void loop_runner::leave(Change change) {
  bool wake = false;
  {
    const std::lock_guard lock{mutex_};
    change(inbox_);
    wake = !std::exchange(woken_, true);
  }
  if (wake) loop_.wake();
}

void loop_runner::run(std::vector<attempt_order> orders) {
  leave([&](inbox& into) {
    if (into.orders.empty())
      into.orders = std::move(orders);
    else
      into.orders.insert(into.orders.end(), std::make_move_iterator(orders.begin()),
                         std::make_move_iterator(orders.end()));
  });
}

void loop_runner::cancel(job_id id, uint32_t number) {
  leave([&](inbox& into) { into.cancels.push_back({id, number}); });
}

void loop_runner::set_networks(std::vector<network> deny, std::vector<network> allow) {
  leave([&](inbox& into) { into.guard.emplace(std::move(deny), std::move(allow)); });
}

void loop_runner::stop() {
  if (!thread_.joinable()) return;
  leave([](inbox& into) { into.stopping = true; });
  thread_.join();
}

inbox loop_runner::take_inbox() {
  const std::lock_guard lock{mutex_};
  woken_ = false;
  return std::exchange(inbox_, {});
}

void loop_runner::operate() {
  // Signals are for the thread that waits for them; a connection closed by the other side shows as an error of the
  // write.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  for (;;) {
    auto left = take_inbox();
    if (left.stopping) break;
    if (left.guard) environment_.guard = std::move(*left.guard);
    for (auto& order : left.orders) start(std::move(order));
    for (const auto& key : left.cancels) cancel_attempt(key);
    hand_over(); // those that ended before they began, for the turn may wait
    loop_.turn();
    collect_ended();
    hand_over();
  }
  for (const auto& [key, attempt] : attempts_) loop_.remove(attempt->handle());
  attempts_.clear();
}

void loop_runner::start(attempt_order order) {
  auto begun = http_attempt::begin(std::move(order), environment_);
  if (!begun) {
    results_.push_back(std::move(begun.error()));
    return;
  }
  auto& attempt = **begun;
  attempts_.insert_or_assign(attempt_key{attempt.id(), attempt.number()}, std::move(*begun));
  add(attempt);
}

void loop_runner::add(http_attempt& attempt) {
  curl_easy_setopt(attempt.handle(), CURLOPT_PRIVATE, &attempt);
  loop_.add(attempt.handle());
}

void loop_runner::cancel_attempt(const attempt_key& key) {
  const auto found = attempts_.find(key);
  if (found == attempts_.end()) return; // it ended meanwhile and was answered
  loop_.remove(found->second->handle());
  results_.push_back(found->second->cancelled());
  attempts_.erase(found);
}

void loop_runner::collect_ended() {
  for (auto [handle, code] : loop_.take_ended()) {
    http_attempt* attempt = nullptr;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &attempt);
    loop_.remove(handle);
    if (auto result = attempt->ended(code)) {
      results_.push_back(std::move(*result));
      attempts_.erase({attempt->id(), attempt->number()});
    } else {
      add(*attempt);
    }
  }
}

void loop_runner::hand_over() {
  if (!results_.empty()) sink_(std::exchange(results_, {}));
}

} // namespace

std::unique_ptr<http_runner> make_http_runner(http_runner_settings settings, attempt_identity identity,
                                              const clock_source& clock, results_sink sink) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK) throw std::runtime_error{fmt::format("libcurl: {}", curl_easy_strerror(global))};
  return std::make_unique<loop_runner>(make_environment(std::move(settings), std::move(identity), clock),
                                       std::move(sink));
}

} // namespace wheelwork
