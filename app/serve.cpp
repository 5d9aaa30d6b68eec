// wheelwork serve: composes node and API from the settings, and minds the signals.
#include "actors/node.hpp"
#include "api/api_server.hpp"
#include "app/commands.hpp"
#include "app/console.hpp"
#include "app/fronts.hpp"
#include "app/load_config.hpp"
#include "app/logging.hpp"
#include "config/load.hpp"
#include "schedule/time_text.hpp"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <stdexcept>

#include <csignal>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

namespace wheelwork {

namespace {

constexpr int changed_signal = SIGUSR1; ///< the node's own threads to this one: it became ready, or can't go on

/// The signals that this thread waits for; blocked in every thread, so that none is interrupted.
sigset_t minded_signals() {
  sigset_t all;
  sigemptyset(&all);
  for (int each : {SIGTERM, SIGINT, SIGHUP, changed_signal}) sigaddset(&all, each);
  return all;
}

/// Many callbacks and clients at once need many descriptors; the soft limit is often 1,024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// Bodies and batches of some MB come and go. Left to itself, malloc soon keeps such room for good.
void give_large_blocks_back() { mallopt(M_MMAP_THRESHOLD, 1 << 20); }

std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

/// One node with its API, from start to stop.
class serving {
public:
  serving(serve_options options, settings with, std::shared_ptr<const native_registry> handlers)
      : options_{std::move(options)}, settings_{std::move(with)}, handlers_{std::move(handlers)} {}

  int run() {
    auto signals = minded_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a limit on file sizes is a full disk, no reason to end
    raise_descriptor_limit();
    give_large_blocks_back();
    open_log(settings_.log);
    auto own_process = getpid();
    node_options how;
    how.process_helper = own_program();
    how.handlers = handlers_;
    how.intakes = intakes_of(settings_);
    how.on_broken_or_ready = [own_process] { kill(own_process, changed_signal); };
    how.wait_for_lease = [this](const held_lease& held) { return wait_for_lease(held); };
    auto started = node::start(settings_, std::move(how));
    if (!started && stopped_while_waiting_) {
      spdlog::info("stopped");
      return done;
    }
    if (!started) {
      spdlog::critical("{}", started.error());
      complain(started.error());
      return refused;
    }
    node_ = std::move(*started);
    try {
      open_api();
    } catch (const std::exception& error) {
      complain(error.what());
      node_->stop();
      return refused;
    }
    return mind_signals(signals);
  }

private:
  /// Another node has the database: this one stands by until that one's lease ends, or a signal ends the waiting.
  bool wait_for_lease(const held_lease& held) {
    if (held.trouble.empty() == lost_while_waiting_) {
      lost_while_waiting_ = !held.trouble.empty();
      if (lost_while_waiting_)
        spdlog::warn("{}; standing by goes on, the database is tried again until it answers", held.trouble);
      else
        spdlog::info("the database answers again: standing by for the node {}", held.node);
    }
    if (std::exchange(waits_for_, held.node) != held.node)
      spdlog::info(
          "the database is in use by the node {}: standing by until its lease ends ({} left, unless it renews it)",
          held.node, format_duration(held.left));
    sigset_t ending;
    sigemptyset(&ending);
    for (int each : {SIGTERM, SIGINT}) sigaddset(&ending, each);
    auto most = std::min(held.left, milliseconds{1000}).count() + 1;
    timespec limit{most / 1000, most % 1000 * 1'000'000};
    stopped_while_waiting_ = sigtimedwait(&ending, nullptr, &limit) > 0;
    return !stopped_while_waiting_;
  }

  void open_api() {
    node_facts facts;
    facts.name = settings_.node.name;
    facts.roles = settings_.node.roles;
    facts.shards = settings_.cluster.shards;
    facts.started_at = node_->clock().wall_now();
    facts.version = WHEELWORK_VERSION;
    facts.brokers = settings_.brokers;
    facts.signs_calls = !settings_.http_target.signing_secret.empty();
    api_ = std::make_unique<api_server>(settings_.api, *node_, std::move(facts));
    auto host = settings_.api.listen.substr(0, settings_.api.listen.rfind(':'));
    spdlog::info("node {} listens on http://{}:{}", settings_.node.name, host, api_->port());
    fronts_ = std::make_unique<fronts>(settings_, *node_);
  }

  int mind_signals(const sigset_t& signals) {
    for (;;) {
      int number = 0;
      if (sigwait(&signals, &number) != 0) continue;
      if (number == changed_signal) {
        if (!node_->broken().empty()) return stop_broken();
        tell_ready();
      } else if (number == SIGHUP) {
        reload();
      } else {
        return stop();
      }
    }
  }

  void tell_ready() {
    if (ready_ || !node_->health().ready) return;
    ready_ = true;
    spdlog::info("node {} is ready", settings_.node.name);
    node_->apply_pools(settings_.pools);
    node_->apply_tasks(settings_.tasks);
  }

  template <class Definition>
  static std::vector<Definition> changed_of(const std::vector<Definition>& before, const std::vector<Definition>& now) {
    std::vector<Definition> changed;
    std::copy_if(now.begin(), now.end(), std::back_inserter(changed), [&](const Definition& one) {
      return std::none_of(before.begin(), before.end(),
                          [&](const Definition& other) { return other.name == one.name && other.spec == one.spec; });
    });
    return changed;
  }

  void reload() {
    auto loaded = load_config(options_);
    if (!loaded) {
      for (const auto& fault : loaded.error()) spdlog::error("{}", escaped(to_string(fault)));
      spdlog::error("the configuration was not reloaded: it has the faults above");
      return;
    }
    try {
      open_log(loaded->log);
    } catch (const std::exception& error) {
      spdlog::error("{}; the log goes on as it was", error.what());
      loaded->log = settings_.log;
    }
    for (auto& name : needs_restart(settings_, *loaded))
      spdlog::warn("{} was changed; that takes effect only with a restart", name);
    api_->reload(loaded->api.tokens, loaded->api.hosts);
    fronts_->reload(*loaded);
    if (auto error = node_->apply(*loaded); !error.empty()) spdlog::error("{}", error);
    // What did not change in the file stays as operators have it: paused, disabled.
    node_->apply_pools(changed_of(settings_.pools, loaded->pools));
    node_->apply_tasks(changed_of(settings_.tasks, loaded->tasks));
    settings_.log = loaded->log;
    settings_.api.tokens = loaded->api.tokens;
    settings_.api.hosts = loaded->api.hosts;
    settings_.delay_queue.tokens = loaded->delay_queue.tokens;
    settings_.delay_queue.allow_networks = loaded->delay_queue.allow_networks;
    settings_.delay_queue.hosts = loaded->delay_queue.hosts;
    settings_.tasks = loaded->tasks;
    settings_.pools = loaded->pools;
    spdlog::info("the configuration was reloaded");
  }

  int stop() {
    spdlog::info("stopping: attempts in flight get up to {}", format_duration(settings_.node.shutdown_grace));
    // A second SIGINT ends the process at once, for whoever can't wait for the grace. A second SIGTERM does not:
    // `timeout` and some supervisors send it to the process and to its group.
    auto again = minded_signals();
    signal(SIGHUP, SIG_IGN);
    signal(changed_signal, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &again, nullptr);
    api_->stop_taking_work();
    fronts_->stop_accepting();
    auto trouble = node_->stop();
    fronts_->stop();
    api_->stop();
    if (trouble.empty()) {
      spdlog::info("stopped");
      return done;
    }
    spdlog::error("{}", trouble);
    return refused;
  }

  int stop_broken() {
    auto why = node_->broken();
    complain("the node can't go on: " + why);
    fronts_->stop();
    api_->stop();
    node_->stop();
    return refused;
  }

  serve_options options_;
  settings settings_;
  std::shared_ptr<const native_registry> handlers_;
  std::unique_ptr<node> node_;
  std::unique_ptr<api_server> api_;
  std::unique_ptr<fronts> fronts_;
  bool ready_ = false;
  std::string waits_for_; ///< name of the node whose lease it waited for last
  bool lost_while_waiting_ = false;
  bool stopped_while_waiting_ = false;
};

} // namespace

int run_serve(const serve_options& options, std::shared_ptr<const native_registry> handlers) {
  auto with = load_or_complain(options);
  if (!with) return wrong_use;
  try {
    return serving{options, std::move(*with), std::move(handlers)}.run();
  } catch (const std::exception& error) {
    complain(error.what());
    return refused;
  }
}

} // namespace wheelwork
