#include "actors/front_desk.hpp"

#include "actors/guard.hpp"
#include "messages/json.hpp"

#include <algorithm>
#include <map>

namespace wheelwork {

namespace {

constexpr auto look_every = std::chrono::seconds{5};

service_error unknown_outcome() {
  return {service_errc::unknown_outcome,
          "the node did not answer in time; it may have been done: repeat with the same Idempotency-Key",
          std::chrono::seconds{1},
          {}};
}

service_error stopping() { return {service_errc::unavailable, "the node stops", std::chrono::seconds{1}, {}}; }

} // namespace

front_desk_state::~front_desk_state() {
  for (auto& [ticket, open] : pushes_)
    for (auto& [count, done] : open.callers) done(failure(stopping()));
  for (auto& [ticket, open] : task_operations_) open.done(failure(stopping()));
  for (auto& [ticket, open] : job_operations_) open.asked->done(std::move(*open.answers));
}

front_desk_actor::behavior_type front_desk_state::make_behavior(front_desk_settings settings,
                                                                std::vector<scheduler_actor> schedulers,
                                                                std::shared_ptr<task_directory> directory,
                                                                const clock_source* clock) {
  guard(self_, name);
  settings_ = settings;
  schedulers_ = std::move(schedulers);
  directory_ = std::move(directory);
  clock_ = clock;
  self_->delayed_send(self_, look_every, look_for_late_answers{});
  return {
      [this](desk_push& all) { push(all); },
      [this](desk_task_operation& operation) { begin_task_operation(operation); },
      [this](desk_job_operation& operation) { begin_job_operation(operation); },
      [this](submitted& answer) { answer_push(answer); },
      [this](task_answered& answer) {
        auto found = task_operations_.find(answer.ticket);
        if (found == task_operations_.end()) return;
        auto done = std::move(found->second.done);
        task_operations_.erase(found);
        done(std::move(answer.answer));
      },
      [this](jobs_answered& answer) { answer_jobs(answer); },
      [this](look_for_late_answers) { drop_late(); },
  };
}

/// A job that names a task takes everything from it that the push does not say.
bool front_desk_state::fill_from_task(new_job& one, std::optional<service_error>& error) const {
  auto task = directory_->find(one.task_name);
  if (!task) {
    error = service_error{service_errc::invalid, "there is no task " + one.task_name, std::chrono::seconds{1}, "/task"};
    return false;
  }
  one.made.task = task->id;
  one.made.how = task->how;
  if (one.made.body.empty()) one.made.body = task->body;
  if (one.made.priority == priority_of_task) one.made.priority = task->priority;
  for (auto& [key, value] : task->marks) one.marks.try_emplace(key, value);
  return true;
}

void front_desk_state::push(desk_push& all) {
  open_push direct;
  std::vector<new_job> direct_jobs;
  auto flush_direct = [&] {
    if (direct.callers.empty()) return;
    send_push(direct, direct_jobs, next_shard_++ % schedulers_.size());
    direct = {};
    direct_jobs = {};
  };
  for (auto& request : all.requests) {
    std::optional<service_error> error;
    std::string task_name;
    for (auto& one : request.jobs) {
      if (one.task_name.empty()) continue;
      task_name = one.task_name;
      if (!fill_from_task(one, error)) break;
    }
    if (error) {
      request.done(failure(std::move(*error)));
    } else if (!task_name.empty()) {
      // Of its own: it fails if the task goes meanwhile, and then nobody else's jobs may fail with it.
      open_push own;
      own.callers.emplace_back(request.jobs.size(), std::move(request.done));
      send_push(own, request.jobs, value_of(shard_of_task(task_name, settings_.shards)));
    } else {
      if (direct_jobs.size() + request.jobs.size() > settings_.jobs_in_message) flush_direct();
      direct.callers.emplace_back(request.jobs.size(), std::move(request.done));
      std::move(request.jobs.begin(), request.jobs.end(), std::back_inserter(direct_jobs));
    }
  }
  flush_direct();
}

void front_desk_state::send_push(open_push& callers, std::vector<new_job>& jobs, size_t shard) {
  auto ticket = next_ticket_++;
  callers.since = clock_->steady_now();
  pushes_[ticket] = std::move(callers);
  self_->send(schedulers_[shard], submit{ticket, self_, std::move(jobs)});
}

void front_desk_state::answer_push(submitted& answer) {
  auto found = pushes_.find(answer.ticket);
  if (found == pushes_.end()) return;
  auto callers = std::move(found->second.callers);
  pushes_.erase(found);
  size_t at = 0;
  for (auto& [count, done] : callers) {
    if (!answer.answer) {
      done(failure(answer.answer.error()));
      continue;
    }
    auto first = answer.answer->begin() + static_cast<std::ptrdiff_t>(at);
    done(std::vector<pushed_job>{first, first + static_cast<std::ptrdiff_t>(count)});
    at += count;
  }
}

void front_desk_state::begin_task_operation(desk_task_operation& operation) {
  auto ticket = next_ticket_++;
  auto since = clock_->steady_now();
  if (operation.push_done) {
    open_push run;
    run.callers.emplace_back(1, std::move(operation.push_done));
    run.since = since;
    pushes_[ticket] = std::move(run);
  } else {
    task_operations_[ticket] = {std::move(operation.task_done), since};
  }
  operation.send(ticket, self_, schedulers_[value_of(operation.shard)]);
}

void front_desk_state::begin_job_operation(desk_job_operation& operation) {
  auto asked = std::make_shared<desk_job_operation>(std::move(operation));
  auto answers = std::make_shared<std::vector<std::pair<job_id, std::optional<service_error>>>>();
  std::map<uint16_t, std::vector<job_id>> by_shard;
  for (auto id : asked->jobs) {
    auto shard = value_of(shard_of(id));
    if (shard < schedulers_.size())
      by_shard[shard].push_back(id);
    else
      answers->emplace_back(id,
                            service_error{service_errc::not_found, "no job has this id", std::chrono::seconds{1}, {}});
  }
  if (by_shard.empty()) return asked->done(std::move(*answers));
  for (auto& [shard, ids] : by_shard) {
    auto ticket = next_ticket_++;
    job_operations_[ticket] = {asked, answers, clock_->steady_now()};
    if (asked->retry)
      self_->send(schedulers_[shard], retry_jobs{ticket, self_, std::move(ids)});
    else
      self_->send(schedulers_[shard], cancel_jobs{ticket, self_, std::move(ids), asked->leave_running});
  }
}

void front_desk_state::answer_jobs(jobs_answered& answer) {
  auto found = job_operations_.find(answer.ticket);
  if (found == job_operations_.end()) return;
  auto open = std::move(found->second);
  job_operations_.erase(found);
  std::move(answer.jobs.begin(), answer.jobs.end(), std::back_inserter(*open.answers));
  if (open.answers->size() >= open.asked->jobs.size() && open.asked->done)
    std::exchange(open.asked->done, nullptr)(std::move(*open.answers));
}

void front_desk_state::drop_late() {
  auto oldest = clock_->steady_now() - settings_.answer_within;
  std::vector<uint64_t> late;
  for (auto& [ticket, open] : pushes_)
    if (open.since < oldest) late.push_back(ticket);
  for (auto ticket : late) {
    submitted no{ticket, failure(unknown_outcome())};
    answer_push(no);
  }
  late.clear();
  for (auto& [ticket, open] : task_operations_)
    if (open.since < oldest) late.push_back(ticket);
  for (auto ticket : late) {
    auto done = std::move(task_operations_[ticket].done);
    task_operations_.erase(ticket);
    done(failure(unknown_outcome()));
  }
  late.clear();
  for (auto& [ticket, open] : job_operations_)
    if (open.since < oldest) late.push_back(ticket);
  for (auto ticket : late) {
    auto open = std::move(job_operations_[ticket]);
    job_operations_.erase(ticket);
    // What is missing stays out of the answer; the caller sees fewer than it asked for.
    if (open.asked->done) std::exchange(open.asked->done, nullptr)(std::move(*open.answers));
  }
  self_->delayed_send(self_, look_every, look_for_late_answers{});
}

front_desk_actor::behavior_type front_desk(front_desk_actor::stateful_pointer<front_desk_state> self,
                                           front_desk_settings settings, std::vector<scheduler_actor> schedulers,
                                           std::shared_ptr<task_directory> directory, const clock_source* clock) {
  return self->state.make_behavior(settings, std::move(schedulers), std::move(directory), clock);
}

} // namespace wheelwork
