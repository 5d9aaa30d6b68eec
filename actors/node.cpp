#include "actors/node.hpp"

#include "actors/dispatcher.hpp"
#include "actors/executor.hpp"
#include "actors/front_desk.hpp"
#include "actors/keeper.hpp"
#include "actors/node_actors.hpp"
#include "actors/node_operations.hpp"
#include "actors/node_runners.hpp"
#include "actors/persistence.hpp"
#include "actors/pool_registry.hpp"
#include "actors/reader.hpp"
#include "actors/scheduler.hpp"
#include "actors/system_clock.hpp"
#include "actors/ticker.hpp"
#include "actors/wheel_slot.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>

#include <atomic>
#include <random>
#include <thread>

namespace wheelwork {

namespace {

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

class running_node final : public node {
public:
  running_node(const settings& with, node_options options)
      : settings_{with}, options_{std::move(options)}, system_{caf_} {}

  ~running_node() override {
    if (!stopped_) stop();
  }

  /// Empty, or why it could not start.
  std::string open();

  void push(std::vector<push_request> requests) override { operations_->push(std::move(requests)); }
  void put_task(task_definition definition, std::optional<uint64_t> if_version,
                service_callback<task_write> done) override {
    operations_->put_task(std::move(definition), if_version, std::move(done));
  }
  void delete_task(std::string name, std::optional<uint64_t> if_version, service_callback<bool> done) override {
    operations_->delete_task(std::move(name), if_version, std::move(done));
  }
  void run_task(std::string name, std::optional<payload> body, std::string unique_key,
                service_callback<pushed_job> done) override {
    operations_->run_task(std::move(name), std::move(body), std::move(unique_key), std::move(done));
  }
  void cancel_job(job_id id, service_callback<bool> done) override {
    operations_->change_job(false, id, std::move(done));
  }
  void retry_job(job_id id, service_callback<bool> done) override {
    operations_->change_job(true, id, std::move(done));
  }
  void cancel_jobs(bulk_filter filter, service_callback<size_t> done) override {
    operations_->change_jobs(false, std::move(filter), std::move(done));
  }
  void retry_jobs(bulk_filter filter, service_callback<size_t> done) override {
    operations_->change_jobs(true, std::move(filter), std::move(done));
  }
  void put_pool(pool_definition definition, std::optional<uint64_t> if_version,
                service_callback<pool_write> done) override {
    caf::anon_send(actors_.pools, wheelwork::put_pool{std::move(definition), if_version, std::move(done)});
  }
  void delete_pool(std::string name, std::optional<uint64_t> if_version, service_callback<bool> done) override {
    caf::anon_send(actors_.pools, wheelwork::delete_pool{std::move(name), if_version, std::move(done)});
  }
  std::vector<pool_view> pools() const override { return pools_->all(clock_.steady_now()); }
  std::optional<pool_view> find_pool(const std::string& name) const override {
    return pools_->find(name, clock_.steady_now());
  }
  uint64_t poll_for_jobs(worker_poll request, leased_jobs_callback done) override {
    return runners_.workers->poll(std::move(request), std::move(done));
  }
  void withdraw_poll(uint64_t poll) override { runners_.workers->withdraw(poll); }
  void give_back_jobs(const std::vector<std::pair<job_id, uint32_t>>& attempts) override {
    runners_.workers->give_back(attempts);
  }
  void acknowledge(attempt_ack ack, ack_callback done) override {
    runners_.acks->acknowledge(std::move(ack), std::move(done));
  }
  std::optional<milliseconds> extend_lease(job_id id, uint32_t attempt, std::optional<milliseconds> lease) override {
    return runners_.acks->extend(id, attempt, lease);
  }
  void record_late(const job& what, attempt_result result) override;
  void read(std::function<void(journal_reader&)> query) override { operations_->read(std::move(query)); }
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
  void apply_pools(std::vector<pool_definition> pools) override;

private:
  void spawn_writers();
  void spawn_readers();
  std::string spawn_executors();
  void spawn_schedulers();
  void spawn_pools();
  void count_live();

  settings settings_;
  node_options options_;
  system_clock clock_;
  caf_config caf_;
  std::unique_ptr<journal> journal_;
  std::shared_ptr<node_statistics> statistics_ = std::make_shared<node_statistics>();
  std::shared_ptr<task_directory> directory_ = std::make_shared<task_directory>();
  std::shared_ptr<node_progress> progress_ = std::make_shared<node_progress>();
  std::shared_ptr<hot_budget> budget_;
  node_runners runners_;
  std::shared_ptr<consumer_table> consumers_ = std::make_shared<consumer_table>();
  std::shared_ptr<pool_directory> pools_ = std::make_shared<pool_directory>();
  std::atomic<bool> stopping_{false};
  bool stopped_ = false;
  caf::actor_system system_;
  node_actors actors_;
  std::unique_ptr<node_operations> operations_; ///< once the actors are there
};

std::string running_node::open() {
  journal_options how;
  how.url = settings_.database.url;
  how.table_prefix = settings_.database.table_prefix;
  how.node_name = settings_.node.name;
  how.shards = settings_.cluster.shards;
  how.writers = static_cast<uint16_t>(settings_.database.writers);
  how.migrate = settings_.database.migrate;
  how.clock = &clock_;
  how.lease = settings_.cluster.lease;
  how.wait_for_lease = options_.wait_for_lease;
  auto opened = open_journal(how);
  if (!opened) return opened.error();
  journal_ = std::move(*opened);
  progress_->on_change = options_.on_broken_or_ready;
  budget_ = std::make_shared<hot_budget>(settings_.wheel.max_hot_jobs, settings_.wheel.max_hot_bytes);

  actors_.keeper = system_.spawn(keeper, progress_);
  actors_.dispatcher =
      system_.spawn(dispatcher, dispatcher_bounds(settings_, journal_->writers()), &clock_, statistics_);
  if (auto error = spawn_executors(); !error.empty()) return error;

  spawn_writers();
  spawn_readers();
  spawn_schedulers();
  spawn_pools();
  actors_.introduce();
  operations_ = std::make_unique<node_operations>(
      actors_.desk, std::vector<reader_actor>{actors_.readers.begin() + 1, actors_.readers.end()}, journal_->shards(),
      clock_);
  count_live();
  return {};
}

void running_node::spawn_writers() {
  persistence_settings writing;
  writing.lease = settings_.cluster.lease;
  writing.renew_every = settings_.cluster.lease / 3;
  writing.history_retention = settings_.database.history_retention;
  std::random_device seed;
  for (; writing.writer < journal_->writers(); ++writing.writer) {
    writing.random_seed = seed();
    std::shared_ptr<journal_writer> writer = journal_->open_writer(writing.writer);
    statistics_->journal.answered(writing.writer, clock_.steady_now());
    actors_.persistence.push_back(system_.spawn<caf::detached>(
        persistence, writing,
        persistence_dependencies{writer, actors_.dispatcher, actors_.keeper, &clock_, statistics_}));
    writing.history_retention = milliseconds{0}; // one of them is enough
  }
}

void running_node::spawn_readers() {
  for (size_t each = 0; each < 1 + api_readers; ++each) {
    std::shared_ptr<journal_reader> from = journal_->open_reader();
    actors_.readers.push_back(system_.spawn<caf::detached>(reader, from));
  }
}

/// Runners are made before any scheduler declares an attempt lost: helpers of an earlier start may still hold some.
std::string running_node::spawn_executors() {
  attempt_identity identity{settings_.node.name, journal_->database_secret()};
  auto handlers = options_.handlers ? options_.handlers : std::make_shared<const native_registry>();
  auto made = make_node_runners(settings_, {identity, options_.process_helper, handlers, &clock_, statistics_},
                                actors_.dispatcher, consumers_);
  if (!made) return made.error();
  runners_ = std::move(*made);
  for (size_t kind = 0; kind < target_kinds; ++kind)
    actors_.executors[kind] = system_.spawn(executor, runners_.of_kind[kind], &clock_, statistics_);
  return {};
}

/// To the job's scheduler itself: the dispatcher knows only attempts that run. A message of a pool has none, and what
/// comes late for it changes nothing anywhere.
void running_node::record_late(const job& what, attempt_result result) {
  if (consumer_table::is_message(what.id)) return;
  outcomes late;
  const auto shard = value_of(shard_of(what.id));
  late.ended.push_back({what, std::move(result)});
  caf::anon_send(actors_.schedulers.at(shard), std::move(late));
}

void running_node::spawn_schedulers() {
  for (uint32_t slot = 0; slot < settings_.wheel.slots; ++slot)
    actors_.slots.push_back(system_.spawn(wheel_slot, wheel_slot_dependencies{slot, actors_.dispatcher, statistics_}));
  actors_.ticker =
      system_.spawn(ticker, ticker_dependencies{&clock_, make_timerfd_alarm(), actors_.slots, statistics_});
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
    const auto& persistence = actors_.persistence[writer_of(own.shard, journal_->writers())];
    scheduler_dependencies with{persistence,        actors_.readers.front(),
                                actors_.dispatcher, actors_.slots,
                                actors_.keeper,     &clock_,
                                statistics_,        budget_,
                                directory_,         {}};
    for (auto& attempt : runners_.adopted)
      if (shard_of(attempt.id) == own.shard) with.adopted.push_back(attempt);
    actors_.schedulers.push_back(system_.spawn(scheduler, own, with));
  }
  front_desk_settings desk;
  desk.shards = journal_->shards();
  actors_.desk = system_.spawn(front_desk, desk, actors_.schedulers, directory_, &clock_);
}

void running_node::spawn_pools() {
  auto shared = std::make_shared<pool_environment>();
  shared->node = settings_.node.name;
  shared->incarnation = journal_->self().incarnation;
  shared->database_secret = journal_->database_secret();
  shared->runners = runners_.of_kind;
  shared->table = consumers_;
  shared->clock = &clock_;
  shared->push = [desk = actors_.desk](push_request request) {
    desk_push pushed;
    pushed.requests.push_back(std::move(request));
    caf::anon_send(desk, std::move(pushed));
  };
  shared->open_source = [connections = settings_.brokers](const source_setup& setup, uint32_t number) {
    return open_source(setup, number, connections);
  };
  shared->open_monitor = [connections = settings_.brokers](const source_setup& setup) {
    return open_source_monitor(setup, connections);
  };
  std::vector<pool_ptr> built_in;
  for (const auto& intake : options_.intakes) {
    auto pool = std::make_shared<pool_definition>(*intake.pool);
    pool->created_at = pool->updated_at = clock_.wall_now();
    built_in.push_back(std::move(pool));
    shared->translators.emplace(intake.pool->name, intake.translate);
  }
  pool_registry_settings own;
  own.environment = settings_.environment;
  own.partition = settings_.node.partition;
  actors_.pools = system_.spawn(pool_registry, own,
                                pool_registry_dependencies{actors_.persistence.front(), actors_.readers.front(), shared,
                                                           pools_, std::move(built_in)});
}

/// In the background: with millions of jobs it takes a while, and nobody waits for it.
void running_node::count_live() {
  read([statistics = statistics_](journal_reader& from) {
    auto counted = from.count_live();
    if (counted)
      statistics->live.set_base(counted->batches, counted->live);
    else
      spdlog::warn("live jobs can't be counted: {}", counted.error().message);
  });
}

node_health running_node::health() const {
  if (stopping_) return {false, "the node stops"};
  auto broken_by = broken();
  if (!broken_by.empty()) return {false, broken_by};
  // Nothing begins without a lease, which is renewed by a commit several times in its term.
  if (auto failing = statistics_->journal.failure(clock_.steady_now(), settings_.cluster.lease); !failing.empty())
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

std::string running_node::apply(const settings& changed) {
  auto deny = parse_networks(changed.http_target.deny_networks);
  if (!deny) return "http_target.deny_networks: " + deny.error();
  auto allow = parse_networks(changed.http_target.allow_networks);
  if (!allow) return "http_target.allow_networks: " + allow.error();
  if (auto set = runners_.processes->set_allow(changed.process_target.allow); !set)
    return "process_target.allow: " + set.error();
  runners_.http->set_networks(*deny, *allow);
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

void running_node::apply_pools(std::vector<pool_definition> pools) {
  for (auto& pool : pools) {
    auto name = pool.name;
    put_pool(std::move(pool), std::nullopt, [name](result<pool_write, service_error> written) {
      if (!written)
        spdlog::error("pool {} of the config file was refused: {}", name, written.error().message);
      else if (written->changed)
        spdlog::info("pool {} of the config file {}", name, written->created ? "created" : "changed");
    });
  }
}

// ---- end

/// The order, each with its reason: nothing new comes in (the API only takes acknowledgements, consumers leave);
/// attempts end or get their start journaled; all that schedulers decided is written; only then may the shards be
/// marked released; then the runners go, then the actors.
std::string running_node::stop() {
  if (stopped_) return {};
  stopped_ = true;
  stopping_ = true;
  std::string trouble;
  if (runners_.workers) runners_.workers->end_polls(); // these would only wait
  if (!actors_.schedulers.empty() && broken().empty()) {
    const auto grace_until = clock_.steady_now() + settings_.node.shutdown_grace;
    caf::anon_send(actors_.pools, stop_pools{actors_.keeper});
    caf::anon_send(actors_.dispatcher, drain{actors_.keeper, settings_.node.shutdown_grace});
    progress_->wait_for(settings_.node.shutdown_grace + stop_step,
                        [](const node_progress& now) { return now.still_running.has_value(); });
    // Messages of consumers that are not done by then are taken again by others.
    progress_->wait_for(std::chrono::ceil<milliseconds>(grace_until - clock_.steady_now()),
                        [](const node_progress& now) { return now.pools_stopped; });
    for (auto& each : actors_.schedulers) caf::anon_send(each, settle_shard{actors_.keeper});
    auto shards = actors_.schedulers.size();
    bool settled =
        progress_->wait_for(stop_step, [shards](const node_progress& now) { return now.settled.size() >= shards; });
    if (!settled) trouble = "not everything could be journaled: " + statistics_->journal.failure();
    if (settled) {
      // Nothing waits at any writer, since each shard has all its receipts; one of them writes this for all.
      caf::anon_send(actors_.persistence.front(), release_shards{actors_.keeper});
      progress_->wait_for(stop_step, [](const node_progress& now) { return now.released.has_value(); });
      auto error = progress_->read([](const node_progress& now) { return now.released.value_or("no answer"); });
      if (!error.empty()) trouble = "the shards could not be released: " + error;
    }
  }
  for (auto& each : runners_.of_kind)
    if (each) each->stop();
  actors_.end();
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
