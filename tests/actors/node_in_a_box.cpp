#include "tests/actors/node_in_a_box.hpp"

#include "actors/dispatcher.hpp"
#include "actors/executor.hpp"
#include "actors/reader.hpp"
#include "actors/ticker.hpp"
#include "actors/wheel_slot.hpp"
#include "messages/json.hpp"
#include "messages/running.hpp"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace wheelwork::testing {

namespace {

std::string faults_text(const json_faults& faults) {
  std::string text;
  for (auto& fault : faults) text += fault.pointer + ": " + fault.message + "; ";
  return text;
}

template <class T>
T done(const answer_of<T>& answer) {
  if (!*answer) throw std::runtime_error{"nobody answered"};
  if (!**answer) throw std::runtime_error{"refused: " + (**answer).error().message};
  return ***answer;
}

template <class T>
service_callback<T> into(const answer_of<T>& answer) {
  return [answer](result<T, service_error> came) {
    EXPECT_FALSE(answer->has_value()) << "answered twice";
    *answer = std::move(came);
  };
}

template <class T>
answer_of<T> no_answer_yet() {
  return std::make_shared<std::optional<result<T, service_error>>>();
}

} // namespace

std::string job_body(const std::string& members) {
  return R"({"target":{"native":{"handler":"noop"}})" + (members.empty() ? "" : "," + members) + "}";
}

std::string task_body(const std::string& members) { return job_body(members); }

node_in_a_box::node_in_a_box() : clock{scheduler}, data{memory::database_named("")} {
  spdlog::set_level(spdlog::level::off);
  static std::atomic<uint64_t> number{0};
  url_ = "memory://node-in-a-box-" + std::to_string(++number);
  data = memory::database_named(url_.substr(std::string_view{"memory://"}.size()));
}

node_in_a_box::~node_in_a_box() {
  kill_all();
  drop_handles();
}

// ---- life

void node_in_a_box::start() {
  start_without_waiting();
  settle();
  if (!ready()) throw std::runtime_error{"the node did not become ready: " + broken()};
}

void node_in_a_box::start_without_waiting() {
  journal_options how;
  how.url = url_;
  how.node_name = "node-a";
  how.shards = with.shards;
  how.writers = with.writers;
  how.clock = &clock;
  auto opened = memory::open_memory_journal(how);
  if (!opened) throw std::runtime_error{opened.error()};
  eye_ = (*opened)->open_reader();
  journal_ = make_faulty_journal(std::move(*opened), faults);
  statistics = std::make_shared<node_statistics>();
  progress = std::make_shared<node_progress>();
  budget = std::make_shared<hot_budget>(with.hot_jobs, with.hot_bytes);
  directory = std::make_shared<task_directory>();
  actors_.keeper = spawn(keeper, progress);
  dispatcher_settings bounds;
  bounds.writers = with.writers;
  for (auto& each : bounds.of_kind) each = {with.at_once, with.at_once};
  bounds.of_kind[static_cast<size_t>(target_kind::worker)] = {with.at_once, 0};
  const clock_source* time = &clock;
  actors_.dispatcher = spawn(dispatcher, bounds, time, statistics);
  spawn_executors();
  persistence_settings writing;
  writing.group_rows = with.group_rows;
  for (; writing.writer < journal_->writers(); ++writing.writer) {
    std::shared_ptr<journal_writer> writer = journal_->open_writer(writing.writer);
    actors_.persistence.push_back(spawn(
        persistence, writing, persistence_dependencies{writer, actors_.dispatcher, actors_.keeper, time, statistics}));
  }
  for (int each = 0; each < 2; ++each) {
    std::shared_ptr<journal_reader> from = journal_->open_reader();
    actors_.readers.push_back(spawn(reader, from));
  }
  spawn_schedulers();
}

void node_in_a_box::spawn_executors() {
  const clock_source* time = &clock;
  runner = std::make_shared<scripted_runner>(clock, results_to(actors_.dispatcher, consumers, target_kind::native));
  processes = std::make_shared<scripted_runner>(clock, results_to(actors_.dispatcher, consumers, target_kind::process));
  if (with.succeed)
    runner->next = [raw = runner.get()](const scripted_runner::start& one) {
      return raw->result_of(one.what.id, attempt_outcome::succeeded, one.number);
    };
  for (auto kind : {target_kind::http, target_kind::process, target_kind::native}) {
    std::shared_ptr<wheelwork::runner> of_kind = kind == target_kind::process ? processes : runner;
    actors_.executors[static_cast<size_t>(kind)] = spawn(executor, of_kind, time, statistics);
  }
  const std::shared_ptr<worker_gauges> gauges{statistics, &statistics->workers};
  acks = std::make_shared<awaited_acks>(clock, gauges);
  auto to = actors_.dispatcher;
  workers = make_worker_runner(acks,
                               {[to](uint64_t number, auto queues, size_t max) {
                                  caf::anon_send(to, worker_waits{number, std::move(queues), max});
                                },
                                [to](uint64_t number) { caf::anon_send(to, worker_left{number}); },
                                [to](uint64_t number, std::function<void()> free) {
                                  caf::anon_send(to, worker_wait_over{number, std::move(free)});
                                }},
                               clock, results_to(actors_.dispatcher, consumers, target_kind::worker), gauges, false);
  std::shared_ptr<wheelwork::runner> of_workers = workers;
  actors_.executors[static_cast<size_t>(target_kind::worker)] = spawn(executor, of_workers, time, statistics);
}

void node_in_a_box::spawn_schedulers() {
  const clock_source* time = &clock;
  for (uint32_t slot = 0; slot < with.slots; ++slot)
    actors_.slots.push_back(spawn(wheel_slot, wheel_slot_dependencies{slot, actors_.dispatcher, statistics}));
  alarm_clock = std::make_shared<manual_alarm>();
  actors_.ticker = spawn(ticker, ticker_dependencies{time, alarm_clock, actors_.slots, statistics});
  for (uint16_t shard = 0; shard < with.shards; ++shard) {
    scheduler_settings own;
    own.shard = shard_id{shard};
    own.shards = with.shards;
    own.node = "node-a";
    own.environment = with.environment;
    own.partition = with.partition;
    own.horizon = with.horizon;
    own.load_rows = with.load_rows;
    scheduler_dependencies needs{actors_.persistence[writer_of(own.shard, with.writers)],
                                 actors_.readers.front(),
                                 actors_.dispatcher,
                                 actors_.slots,
                                 actors_.keeper,
                                 time,
                                 statistics,
                                 budget,
                                 directory,
                                 {}};
    for (auto& attempt : with.adopted)
      if (shard_of(attempt.id) == own.shard) needs.adopted.push_back(attempt);
    actors_.schedulers.push_back(spawn(wheelwork::scheduler, own, needs));
  }
  front_desk_settings desk;
  desk.shards = with.shards;
  actors_.desk = spawn(front_desk, desk, actors_.schedulers, directory, time);
  actors_.introduce();
  operations_ =
      std::make_unique<node_operations>(actors_.desk, std::vector{actors_.readers.back()}, with.shards, clock);
}

void node_in_a_box::drop_handles() {
  if (workers) workers->stop();
  workers.reset();
  acks.reset();
  actors_ = {};
  operations_.reset();
  journal_.reset();
}

void node_in_a_box::crash() {
  kill_all();
  drop_handles();
}

polled_ptr node_in_a_box::ask_poll(std::vector<std::string> queues, size_t max, milliseconds wait, milliseconds lease) {
  auto made = std::make_shared<polled>();
  made->number = workers->poll({std::move(queues), "host-1", max, wait, lease}, [made](std::vector<leased_job> jobs) {
    EXPECT_FALSE(made->answered) << "answered twice";
    made->answered = true;
    made->jobs = std::move(jobs);
  });
  return made;
}

polled_ptr node_in_a_box::poll(std::vector<std::string> queues, size_t max, milliseconds wait, milliseconds lease) {
  auto made = ask_poll(std::move(queues), max, wait, lease);
  settle();
  return made;
}

std::shared_ptr<std::optional<ack_verdict>> node_in_a_box::ask_ack(job_id id, uint32_t attempt, bool succeeded) {
  auto given = std::make_shared<std::optional<ack_verdict>>();
  acks->acknowledge({id, attempt, succeeded, succeeded ? "" : "as the test says", ""},
                    [given](ack_verdict verdict) { *given = verdict; });
  return given;
}

ack_verdict node_in_a_box::acknowledge(job_id id, uint32_t attempt, bool succeeded) {
  auto given = ask_ack(id, attempt, succeeded);
  settle();
  if (!*given) throw std::runtime_error{"the acknowledgement was not answered"};
  return **given;
}

job_id node_in_a_box::push_for_worker(const std::string& queue, const std::string& members) {
  auto answer =
      ask_push({R"({"target":{"worker":{"queue":")" + queue + R"("}})" + (members.empty() ? "" : "," + members) + "}"});
  settle();
  return done(answer).at(0).id;
}

bool node_in_a_box::stop_clean(milliseconds grace) {
  caf::anon_send(actors_.dispatcher, drain{actors_.keeper, grace});
  settle();
  auto drained = [this] {
    return progress->read([](const node_progress& now) { return now.still_running.has_value(); });
  };
  if (!drained()) advance(grace);
  if (!drained()) return false;
  for (auto& each : actors_.schedulers) caf::anon_send(each, settle_shard{actors_.keeper});
  settle();
  if (progress->read([](const node_progress& now) { return now.settled.size(); }) < with.shards) return false;
  caf::anon_send(actors_.persistence.front(), release_shards{actors_.keeper});
  settle();
  bool released = progress->read([](const node_progress& now) { return now.released == ""; });
  crash();
  return released;
}

bool node_in_a_box::ready() const {
  return progress->read(
      [this](const node_progress& now) { return now.ready.size() == with.shards && now.broken.empty(); });
}

std::string node_in_a_box::broken() const {
  return progress->read([](const node_progress& now) { return now.broken; });
}

// ---- time

void node_in_a_box::settle(std::optional<unsigned> seed) {
  do {
    deliver(seed);
    if (!workers) continue;
    workers->expire();
    acks->expire();
    deliver(seed);
  } while (alarm_clock && alarm_clock->ring_if_due(now()));
}

void node_in_a_box::advance(milliseconds span) {
  auto end = steady_now() + span;
  settle();
  while (steady_now() < end) {
    auto next = end;
    if (auto timeout = next_timeout()) next = std::min(next, *timeout);
    if (auto alarm = alarm_clock->time(); alarm && *alarm - now() < std::chrono::ceil<milliseconds>(end - steady_now()))
      next = std::min(next, steady_now() + (*alarm - clock.precise_now()));
    scheduler.advance_time(std::max<caf::timespan>(next - steady_now(), caf::timespan{0}));
    settle();
  }
}

void node_in_a_box::jump(milliseconds span) {
  clock.jump(span);
  alarm_clock->tell_of_jump();
  settle();
}

// ---- faults

void node_in_a_box::fail_commits(journal_fault fault, bool leases) {
  faults->set_rule([fault, leases](journal_call call, uint64_t) {
    if (call == journal_call::commit) return fault;
    return leases && call == journal_call::renew_lease ? journal_fault::fail : journal_fault::none;
  });
}

// ---- operations

answer_of<std::vector<pushed_job>> node_in_a_box::ask_push(const std::vector<std::string>& bodies) {
  push_request request;
  json_context context;
  context.now = now();
  for (auto& body : bodies) {
    auto made = job_from_text(body, context);
    if (!made) throw std::runtime_error{faults_text(made.error())};
    made->created_at = now();
    request.jobs.push_back(std::move(*made));
  }
  auto answer = no_answer_yet<std::vector<pushed_job>>();
  request.done = into(answer);
  std::vector<push_request> all;
  all.push_back(std::move(request));
  operations_->push(std::move(all));
  return answer;
}

answer_of<task_write> node_in_a_box::ask_put(const std::string& name, const std::string& body,
                                             std::optional<uint64_t> if_version) {
  json_context context;
  context.now = now();
  auto made = task_from_text(body, name, context);
  if (!made) throw std::runtime_error{faults_text(made.error())};
  made->spec = task_to_text(*made);
  auto answer = no_answer_yet<task_write>();
  operations_->put_task(std::move(*made), if_version, into(answer));
  return answer;
}

answer_of<bool> node_in_a_box::ask_delete(const std::string& name, std::optional<uint64_t> if_version) {
  auto answer = no_answer_yet<bool>();
  operations_->delete_task(name, if_version, into(answer));
  return answer;
}

answer_of<pushed_job> node_in_a_box::ask_run(const std::string& name, const std::string& unique_key) {
  auto answer = no_answer_yet<pushed_job>();
  operations_->run_task(name, std::nullopt, unique_key, into(answer));
  return answer;
}

answer_of<bool> node_in_a_box::ask_cancel(job_id id) {
  auto answer = no_answer_yet<bool>();
  operations_->change_job(false, id, into(answer));
  return answer;
}

answer_of<bool> node_in_a_box::ask_retry(job_id id) {
  auto answer = no_answer_yet<bool>();
  operations_->change_job(true, id, into(answer));
  return answer;
}

job_id node_in_a_box::push(const std::string& members) {
  auto answer = ask_push({job_body(members)});
  settle();
  return done(answer).at(0).id;
}

task_write node_in_a_box::put(const std::string& name, const std::string& members) {
  auto answer = ask_put(name, task_body(members));
  settle();
  return done(answer);
}

void node_in_a_box::remove(const std::string& name) {
  auto answer = ask_delete(name);
  settle();
  done(answer);
}

job_id node_in_a_box::run_by_hand(const std::string& name) {
  auto answer = ask_run(name);
  settle();
  return done(answer).id;
}

void node_in_a_box::cancel(job_id id) {
  auto answer = ask_cancel(id);
  settle();
  done(answer);
}

void node_in_a_box::finish(job_id id, attempt_outcome outcome) {
  runner->finish(id, outcome);
  settle();
}

void node_in_a_box::retry(job_id id) {
  auto answer = ask_retry(id);
  settle();
  done(answer);
}

std::vector<milliseconds> node_in_a_box::starts_of(job_id id) const {
  std::vector<milliseconds> times;
  for (auto& one : runner->starts)
    if (one.what.id == id) times.push_back(one.at - manual_clock::start);
  return times;
}

std::vector<milliseconds> node_in_a_box::all_starts() const {
  std::vector<milliseconds> times;
  for (auto& one : runner->starts) times.push_back(one.at - manual_clock::start);
  return times;
}

// ---- what the journal says

job_view node_in_a_box::job_of(job_id id) {
  auto found = eye_->find_job(id);
  if (!found || !*found) throw std::runtime_error{"no job has the id " + to_string(id)};
  return **found;
}

bool node_in_a_box::has_job(job_id id) { return eye_->find_job(id)->has_value(); }

job_filter node_in_a_box::everything() {
  job_filter filter;
  filter.limit = 1'000'000;
  return filter;
}

std::vector<job_view> node_in_a_box::jobs(const job_filter& filter) { return *eye_->list_jobs(filter); }

std::vector<job_view> node_in_a_box::jobs_of(const std::string& task) {
  auto filter = everything();
  filter.task_name = task;
  return jobs(filter);
}

std::vector<job_view> node_in_a_box::jobs_in(job_state state) {
  auto filter = everything();
  filter.state = state;
  return jobs(filter);
}

task_row node_in_a_box::task_of(const std::string& name) {
  auto found = eye_->task_by_name(name);
  if (!found || !*found) throw std::runtime_error{"there is no task " + name};
  return **found;
}

std::vector<ledger_entry> node_in_a_box::ledger(const std::string& task) {
  return *eye_->ledger(task_of(task).definition->id, wall_time::min(), now() + 1ms, 1'000'000);
}

std::string node_in_a_box::attempts(job_id id) {
  std::string text;
  for (auto& one : job_of(id).attempts) {
    if (!text.empty()) text += ' ';
    text += std::to_string(one.number) + ':' + (one.outcome ? std::string{to_string(*one.outcome)} : "runs");
  }
  return text;
}

} // namespace wheelwork::testing
