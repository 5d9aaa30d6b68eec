#include "actors/node.hpp"

#include "actors/dispatcher.hpp"
#include "actors/executor.hpp"
#include "actors/front_desk.hpp"
#include "actors/keeper.hpp"
#include "actors/persistence.hpp"
#include "actors/reader.hpp"
#include "actors/scheduler.hpp"
#include "actors/system_clock.hpp"
#include "actors/ticker.hpp"
#include "actors/wheel_slot.hpp"
#include "targets/http_runner.hpp"
#include "targets/process_runner.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>

#include <atomic>
#include <random>
#include <thread>

namespace wheelwork {

namespace {

constexpr size_t native_at_once = 20'000; ///< sleeping and quick handlers hold no thread
constexpr size_t native_threads = 16;
constexpr size_t api_readers = 2;
constexpr milliseconds stop_step{10'000}; ///< for each step of a clean stop after the grace

class caf_config : public caf::actor_system_config {
public:
  caf_config() {
    add_message_types<caf::id_block::wheelwork>();
    // Measured (SPIKE): half the hand-over time of work stealing and no idle CPU.
    set("scheduler.policy", caf::atom("sharing"));
    set("logger.verbosity", caf::atom("quiet"));
  }
};

result<std::vector<network>, std::string> parse_networks(const std::vector<std::string>& texts) {
  std::vector<network> networks;
  for (auto& text : texts) {
    auto parsed = parse_network(text);
    if (!parsed) return failure("network " + text + ": " + parsed.error());
    networks.push_back(*parsed);
  }
  return networks;
}

class running_node final : public node {
public:
  running_node(const settings& with, node_options options)
      : settings_{with}, options_{std::move(options)}, system_{caf_} {}

  ~running_node() override {
    if (!stopped_) stop();
  }

  /// Empty, or why it could not start.
  std::string open();

  void push(std::vector<push_request> requests) override { caf::anon_send(desk_, desk_push{std::move(requests)}); }
  void put_task(task_definition definition, std::optional<uint64_t> if_version,
                service_callback<task_write> done) override;
  void delete_task(std::string name, std::optional<uint64_t> if_version, service_callback<bool> done) override;
  void run_task(std::string name, std::optional<payload> body, std::string unique_key,
                service_callback<pushed_job> done) override;
  void cancel_job(job_id id, service_callback<bool> done) override { change_job(false, id, std::move(done)); }
  void retry_job(job_id id, service_callback<bool> done) override { change_job(true, id, std::move(done)); }
  void cancel_jobs(bulk_filter filter, service_callback<size_t> done) override {
    change_jobs(false, std::move(filter), std::move(done));
  }
  void retry_jobs(bulk_filter filter, service_callback<size_t> done) override {
    change_jobs(true, std::move(filter), std::move(done));
  }
  void read(std::function<void(journal_reader&)> query) override;
  task_ptr find_task(const std::string& name) const override { return directory_->find(name); }
  bool is_active(const task_definition& task) const override { return is_active_in(task, settings_.environment); }
  node_health health() const override;
  const node_statistics& statistics() const override { return *statistics_; }
  const std::array<uint8_t, 16>& database_secret() const override { return journal_->database_secret(); }
  const clock_source& clock() const override { return clock_; }

  std::string stop() override;
  std::string broken() const override {
    return progress_->read([](const node_progress& now) { return now.broken; });
  }
  bool wait_until_ready(milliseconds at_most) override;
  std::string apply(const settings& changed) override;
  void apply_tasks(std::vector<task_definition> tasks) override;

private:
  void spawn_readers();
  std::string spawn_executors();
  void spawn_schedulers();
  void count_live();
  void change_job(bool retry, job_id id, service_callback<bool> done);
  void explain_not_found(bool retry, job_id id, service_callback<bool> done);
  void change_jobs(bool retry, bulk_filter filter, service_callback<size_t> done);
  void cancel_jobs_of(const task_definition& task, service_callback<bool> done);
  shard_id shard_of_name(const std::string& name) const { return shard_of_task(name, journal_->shards()); }

  settings settings_;
  node_options options_;
  system_clock clock_;
  caf_config caf_;
  std::unique_ptr<journal> journal_;
  std::shared_ptr<node_statistics> statistics_ = std::make_shared<node_statistics>();
  std::shared_ptr<task_directory> directory_ = std::make_shared<task_directory>();
  std::shared_ptr<node_progress> progress_ = std::make_shared<node_progress>();
  std::shared_ptr<hot_budget> budget_;
  std::shared_ptr<http_runner> http_;
  std::shared_ptr<process_runner> processes_;
  std::vector<std::shared_ptr<runner>> runners_; ///< by kind
  std::vector<attempt_name> adopted_;
  std::atomic<size_t> next_reader_{0};
  std::atomic<bool> stopping_{false};
  bool stopped_ = false;
  caf::actor_system system_;
  keeper_actor keeper_;
  dispatcher_actor dispatcher_;
  std::array<executor_actor, target_kinds> executors_;
  persistence_actor persistence_;
  std::vector<reader_actor> readers_; ///< the first is the schedulers', the others the API's
  std::vector<wheel_slot_actor> slots_;
  ticker_actor ticker_;
  std::vector<scheduler_actor> schedulers_;
  front_desk_actor desk_;
};

std::string running_node::open() {
  journal_options how;
  how.url = settings_.database.url;
  how.table_prefix = settings_.database.table_prefix;
  how.node_name = settings_.node.name;
  how.shards = settings_.cluster.shards;
  how.migrate = settings_.database.migrate;
  how.clock = &clock_;
  how.lease = settings_.cluster.lease;
  how.wait_for_lease = options_.wait_for_lease;
  auto opened = open_journal(how);
  if (!opened) return opened.error();
  journal_ = std::move(*opened);
  progress_->on_change = options_.on_broken_or_ready;
  budget_ = std::make_shared<hot_budget>(settings_.wheel.max_hot_jobs, settings_.wheel.max_hot_bytes);

  keeper_ = system_.spawn(keeper, progress_);
  dispatcher_settings bounds;
  bounds.of_kind[static_cast<size_t>(target_kind::http)] = {settings_.http_target.concurrency,
                                                            settings_.http_target.per_host};
  bounds.of_kind[static_cast<size_t>(target_kind::process)] = {settings_.process_target.concurrency,
                                                               settings_.process_target.concurrency};
  bounds.of_kind[static_cast<size_t>(target_kind::native)] = {native_at_once, native_at_once};
  dispatcher_ = system_.spawn(dispatcher, bounds, &clock_, statistics_);
  if (auto error = spawn_executors(); !error.empty()) return error;

  persistence_settings writing;
  writing.lease = settings_.cluster.lease;
  writing.renew_every = settings_.cluster.lease / 3;
  writing.history_retention = settings_.database.history_retention;
  std::shared_ptr<journal_writer> writer = journal_->open_writer();
  persistence_ = system_.spawn<caf::detached>(
      persistence, writing, persistence_dependencies{writer, dispatcher_, keeper_, &clock_, statistics_});
  spawn_readers();
  spawn_schedulers();
  count_live();
  return {};
}

void running_node::spawn_readers() {
  for (size_t each = 0; each < 1 + api_readers; ++each) {
    std::shared_ptr<journal_reader> from = journal_->open_reader();
    readers_.push_back(system_.spawn<caf::detached>(reader, from));
  }
}

/// Runners are made before any scheduler declares an attempt lost: helpers of an earlier start may still hold some.
std::string running_node::spawn_executors() {
  attempt_identity identity{settings_.node.name, journal_->database_secret()};
  auto deny = parse_networks(settings_.http_target.deny_networks);
  auto allow = parse_networks(settings_.http_target.allow_networks);
  if (!deny) return "http_target.deny_networks: " + deny.error();
  if (!allow) return "http_target.allow_networks: " + allow.error();
  http_runner_settings http;
  http.connect_timeout = settings_.http_target.connect_timeout;
  http.deny_networks = *deny;
  http.allow_networks = *allow;
  http.connections_max = settings_.http_target.concurrency;
  http.signing_secret = settings_.http_target.signing_secret;
  process_runner_settings process;
  process.allow = settings_.process_target.allow;
  process.kill_grace = settings_.process_target.kill_grace;
  process.output_limit = settings_.process_target.output_limit;
  process.records_dir = settings_.node.data_dir + "/processes";
  process.helper_path = options_.process_helper;
  auto handlers = options_.handlers ? options_.handlers : std::make_shared<const native_registry>();
  try {
    http_ = make_http_runner(http, identity, clock_, results_to(dispatcher_, target_kind::http));
    runners_.push_back(http_);
    processes_ = make_process_runner(process, identity, clock_, results_to(dispatcher_, target_kind::process));
    for (auto& left : processes_->adopt()) adopted_.push_back({left.id, left.number});
    runners_.push_back(processes_);
    runners_.push_back(
        make_native_runner(handlers, native_threads, identity, clock_, results_to(dispatcher_, target_kind::native)));
  } catch (const std::exception& error) {
    return error.what();
  }
  for (size_t kind = 0; kind < target_kinds; ++kind)
    executors_[kind] = system_.spawn(executor, runners_[kind], &clock_, statistics_);
  caf::anon_send(dispatcher_, use_executors{executors_});
  return {};
}

void running_node::spawn_schedulers() {
  for (uint32_t slot = 0; slot < settings_.wheel.slots; ++slot)
    slots_.push_back(system_.spawn(wheel_slot, wheel_slot_dependencies{slot, dispatcher_, statistics_}));
  ticker_ = system_.spawn(ticker, ticker_dependencies{&clock_, make_timerfd_alarm(), slots_, statistics_});
  std::random_device seed;
  for (uint16_t shard = 0; shard < journal_->shards(); ++shard) {
    scheduler_settings own;
    own.shard = shard_id{shard};
    own.shards = journal_->shards();
    own.node = settings_.node.name;
    own.environment = settings_.environment;
    own.partition = settings_.node.partition;
    own.horizon = settings_.wheel.horizon;
    own.random_seed = seed();
    scheduler_dependencies with{persistence_, readers_.front(), dispatcher_, slots_,     keeper_,
                                &clock_,      statistics_,      budget_,     directory_, {}};
    for (auto& attempt : adopted_)
      if (shard_of(attempt.id) == own.shard) with.adopted.push_back(attempt);
    schedulers_.push_back(system_.spawn(scheduler, own, with));
  }
  front_desk_settings desk;
  desk.shards = journal_->shards();
  desk_ = system_.spawn(front_desk, desk, schedulers_, directory_, &clock_);

  watch all;
  auto add = [&](auto& handle) { all.actors.push_back(caf::actor_cast<caf::strong_actor_ptr>(handle)); };
  add(dispatcher_), add(persistence_), add(ticker_), add(desk_);
  for (auto& each : executors_) add(each);
  for (auto& each : readers_) add(each);
  for (auto& each : slots_) add(each);
  for (auto& each : schedulers_) add(each);
  caf::anon_send(keeper_, std::move(all));

  owners everybody{schedulers_, ticker_};
  for (auto& slot : slots_) caf::anon_send(slot, everybody);
  caf::anon_send(dispatcher_, everybody);
  caf::anon_send(ticker_, everybody);
  for (auto& each : schedulers_) caf::anon_send(each, begin_shard{});
}

/// In the background: with millions of jobs it takes a while, and nobody waits for it.
void running_node::count_live() {
  read([statistics = statistics_](journal_reader& from) {
    auto counted = from.count_live();
    if (counted)
      statistics->live.set_base(counted->batch, counted->live);
    else
      spdlog::warn("live jobs can't be counted: {}", counted.error().message);
  });
}

void running_node::read(std::function<void(journal_reader&)> query) {
  auto which = 1 + next_reader_++ % api_readers;
  caf::anon_send(readers_[which], run_query{std::move(query)});
}

node_health running_node::health() const {
  if (stopping_) return {false, "the node stops"};
  auto broken_by = broken();
  if (!broken_by.empty()) return {false, broken_by};
  if (auto failing = statistics_->journal.failure(); !failing.empty())
    return {false, "the journal can't be written: " + failing};
  auto ready = progress_->read([](const node_progress& now) { return now.ready.size(); });
  if (ready < journal_->shards())
    return {false,
            "recovering: " + std::to_string(ready) + " of " + std::to_string(journal_->shards()) + " shards are ready"};
  return {true, {}};
}

bool running_node::wait_until_ready(milliseconds at_most) {
  progress_->wait_for(at_most, [this](const node_progress& now) {
    return now.ready.size() >= journal_->shards() || !now.broken.empty();
  });
  return health().ready;
}

// ---- operations

void running_node::put_task(task_definition definition, std::optional<uint64_t> if_version,
                            service_callback<task_write> done) {
  desk_task_operation operation;
  operation.shard = shard_of_name(definition.name);
  operation.send = [definition = std::move(definition), if_version](uint64_t ticket, const front_desk_actor& desk,
                                                                    const scheduler_actor& owner) {
    caf::anon_send(owner, wheelwork::put_task{ticket, desk, definition, if_version});
  };
  operation.task_done = std::move(done);
  caf::anon_send(desk_, std::move(operation));
}

void running_node::delete_task(std::string name, std::optional<uint64_t> if_version, service_callback<bool> done) {
  desk_task_operation operation;
  operation.shard = shard_of_name(name);
  operation.send = [name, if_version](uint64_t ticket, const front_desk_actor& desk, const scheduler_actor& owner) {
    caf::anon_send(owner, wheelwork::delete_task{ticket, desk, name, if_version});
  };
  operation.task_done = [this, done = std::move(done)](result<task_write, service_error> written) {
    if (!written) return done(failure(written.error()));
    cancel_jobs_of(*written->row.definition, done);
  };
  caf::anon_send(desk_, std::move(operation));
}

/// The jobs that a deleted task leaves waiting, in whatever shard.
void running_node::cancel_jobs_of(const task_definition& task, service_callback<bool> done) {
  read([this, id = task.id, name = task.name, done](journal_reader& from) {
    job_filter filter;
    filter.task_name = name;
    filter.state = job_state::pending;
    filter.limit = 1000;
    auto waiting = from.list_jobs(filter);
    if (!waiting)
      return done(
          failure(service_error{service_errc::unavailable, waiting.error().message, std::chrono::seconds{1}, {}}));
    desk_job_operation operation;
    operation.leave_running = true;
    for (auto& view : *waiting)
      if (view.what.task == id) operation.jobs.push_back(view.what.id);
    if (operation.jobs.empty()) return done(true);
    bool more = waiting->size() >= filter.limit;
    operation.done = [this, more, id, name, done](std::vector<std::pair<job_id, std::optional<service_error>>>) {
      if (!more) return done(true);
      task_definition rest;
      rest.id = id;
      rest.name = name;
      cancel_jobs_of(rest, done);
    };
    caf::anon_send(desk_, std::move(operation));
  });
}

void running_node::run_task(std::string name, std::optional<payload> body, std::string unique_key,
                            service_callback<pushed_job> done) {
  desk_task_operation operation;
  operation.shard = shard_of_name(name);
  std::optional<wall_time> until;
  if (!unique_key.empty()) until = clock_.wall_now() + std::chrono::hours{24};
  operation.send = [name, body, unique_key, until](uint64_t ticket, const front_desk_actor& desk,
                                                   const scheduler_actor& owner) {
    caf::anon_send(owner, wheelwork::run_task{ticket, desk, name, body, unique_key, until});
  };
  operation.push_done = [done = std::move(done)](result<std::vector<pushed_job>, service_error> pushed) {
    if (!pushed) return done(failure(pushed.error()));
    done(pushed->front());
  };
  caf::anon_send(desk_, std::move(operation));
}

void running_node::change_job(bool retry, job_id id, service_callback<bool> done) {
  desk_job_operation operation;
  operation.retry = retry;
  operation.jobs = {id};
  operation.done = [this, retry, id,
                    done = std::move(done)](std::vector<std::pair<job_id, std::optional<service_error>>> answers) {
    if (answers.empty())
      return done(failure(service_error{
          service_errc::unknown_outcome, "the node did not answer in time", std::chrono::seconds{1}, {}}));
    auto& error = answers.front().second;
    if (!error) return done(true);
    if (error->code == service_errc::not_found) return explain_not_found(retry, id, done);
    done(failure(*error));
  };
  caf::anon_send(desk_, std::move(operation));
}

/// A scheduler knows only live jobs: whether the id is unknown or of a job in the wrong state stands in history.
void running_node::explain_not_found(bool retry, job_id id, service_callback<bool> done) {
  read([retry, id, done](journal_reader& from) {
    auto found = from.find_job(id);
    if (!found)
      return done(
          failure(service_error{service_errc::unavailable, found.error().message, std::chrono::seconds{1}, {}}));
    if (!*found)
      return done(failure(service_error{service_errc::not_found, "no job has the id " + to_string(id), {}, {}}));
    auto state = std::string{to_string((*found)->state)};
    auto why = retry ? "the job is " + state + ": only a dead or cancelled job can be retried"
                     : "the job is " + state + " already";
    done(failure(service_error{service_errc::conflict, std::move(why), {}, {}}));
  });
}

void running_node::change_jobs(bool retry, bulk_filter filter, service_callback<size_t> done) {
  read([this, retry, filter = std::move(filter), done = std::move(done)](journal_reader& from) {
    job_filter wanted;
    wanted.task_name = filter.task_name;
    wanted.state = filter.state;
    wanted.created_from = filter.from;
    wanted.created_until = filter.until;
    wanted.limit = filter.limit;
    std::vector<job_state> states;
    if (filter.state)
      states = {*filter.state};
    else if (retry)
      states = {job_state::dead, job_state::cancelled};
    else
      states = {job_state::pending, job_state::running};
    desk_job_operation operation;
    operation.retry = retry;
    for (auto state : states) {
      wanted.state = state;
      wanted.limit = filter.limit - std::min(filter.limit, operation.jobs.size());
      if (wanted.limit == 0) break;
      auto found = from.list_jobs(wanted);
      if (!found)
        return done(
            failure(service_error{service_errc::unavailable, found.error().message, std::chrono::seconds{1}, {}}));
      for (auto& view : *found) operation.jobs.push_back(view.what.id);
    }
    if (operation.jobs.empty()) return done(size_t{0});
    operation.done = [done](std::vector<std::pair<job_id, std::optional<service_error>>> answers) {
      size_t count = 0;
      for (auto& [id, error] : answers) {
        if (error && error->code != service_errc::not_found && error->code != service_errc::conflict)
          return done(failure(*error));
        if (!error) ++count;
      }
      done(count);
    };
    caf::anon_send(desk_, std::move(operation));
  });
}

std::string running_node::apply(const settings& changed) {
  auto deny = parse_networks(changed.http_target.deny_networks);
  if (!deny) return "http_target.deny_networks: " + deny.error();
  auto allow = parse_networks(changed.http_target.allow_networks);
  if (!allow) return "http_target.allow_networks: " + allow.error();
  if (auto set = processes_->set_allow(changed.process_target.allow); !set)
    return "process_target.allow: " + set.error();
  http_->set_networks(*deny, *allow);
  return {};
}

void running_node::apply_tasks(std::vector<task_definition> tasks) {
  for (auto& task : tasks) {
    auto name = task.name;
    put_task(std::move(task), std::nullopt, [name](result<task_write, service_error> written) {
      if (!written)
        spdlog::error("task {} of the config file was refused: {}", name, written.error().message);
      else if (written->changed)
        spdlog::info("task {} of the config file {}", name, written->created ? "created" : "changed");
    });
  }
}

// ---- end

/// The order, each with its reason: nothing new comes in (the API has been closed); attempts end or get their start
/// journaled; all that schedulers decided is written; only then may the shards be marked released; then the runners go,
/// then the actors.
std::string running_node::stop() {
  if (stopped_) return {};
  stopped_ = true;
  stopping_ = true;
  std::string trouble;
  if (persistence_ && !schedulers_.empty() && broken().empty()) {
    caf::anon_send(dispatcher_, drain{keeper_, settings_.node.shutdown_grace});
    progress_->wait_for(settings_.node.shutdown_grace + stop_step,
                        [](const node_progress& now) { return now.still_running.has_value(); });
    for (auto& each : schedulers_) caf::anon_send(each, settle_shard{keeper_});
    auto shards = schedulers_.size();
    bool settled =
        progress_->wait_for(stop_step, [shards](const node_progress& now) { return now.settled.size() >= shards; });
    if (!settled) trouble = "not everything could be journaled: " + statistics_->journal.failure();
    if (settled) {
      caf::anon_send(persistence_, release_shards{keeper_});
      progress_->wait_for(stop_step, [](const node_progress& now) { return now.released.has_value(); });
      auto error = progress_->read([](const node_progress& now) { return now.released.value_or("no answer"); });
      if (!error.empty()) trouble = "the shards could not be released: " + error;
    }
  }
  for (auto& each : runners_) each->stop();
  auto end = [](auto& handle) {
    if (handle) caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    handle = nullptr;
  };
  end(desk_), end(ticker_);
  for (auto& each : schedulers_) end(each);
  for (auto& each : slots_) end(each);
  for (auto& each : readers_) end(each);
  for (auto& each : executors_) end(each);
  end(persistence_), end(dispatcher_), end(keeper_);
  system_.await_all_actors_done();
  return trouble;
}

} // namespace

result<std::unique_ptr<node>, std::string> node::start(const settings& with, node_options options) {
  auto made = std::make_unique<running_node>(with, std::move(options));
  if (auto error = made->open(); !error.empty()) return failure(std::move(error));
  std::unique_ptr<node> started = std::move(made);
  return started;
}

} // namespace wheelwork
