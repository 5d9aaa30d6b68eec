#include "actors/node_operations.hpp"

#include "messages/journaling.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace wheelwork {

namespace {

constexpr size_t bulk_round = 1000; ///< jobs of a bulk change that are asked for at once

} // namespace

void node_operations::push(std::vector<push_request> requests) {
  caf::anon_send(desk_, desk_push{std::move(requests)});
}

void node_operations::read(std::function<void(journal_reader&)> query) {
  caf::anon_send(readers_[next_reader_++ % readers_.size()], run_query{std::move(query)});
}

void node_operations::put_task(task_definition definition, std::optional<uint64_t> if_version,
                               service_callback<task_write> done) {
  desk_task_operation operation;
  operation.shard = shard_of_task(definition.name, shards_);
  operation.send = [definition = std::move(definition), if_version](uint64_t ticket, const front_desk_actor& desk,
                                                                    const scheduler_actor& owner) {
    caf::anon_send(owner, wheelwork::put_task{ticket, desk, definition, if_version});
  };
  operation.task_done = std::move(done);
  caf::anon_send(desk_, std::move(operation));
}

void node_operations::delete_task(std::string name, std::optional<uint64_t> if_version, service_callback<bool> done) {
  desk_task_operation operation;
  operation.shard = shard_of_task(name, shards_);
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
void node_operations::cancel_jobs_of(const task_definition& task, service_callback<bool> done) {
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

void node_operations::run_task(std::string name, std::optional<payload> body, std::string unique_key,
                               service_callback<pushed_job> done) {
  desk_task_operation operation;
  operation.shard = shard_of_task(name, shards_);
  std::optional<wall_time> until;
  if (!unique_key.empty()) until = clock_->wall_now() + std::chrono::hours{24};
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

void node_operations::change_job(bool retry, job_id id, service_callback<bool> done) {
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
void node_operations::explain_not_found(bool retry, job_id id, service_callback<bool> done) {
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

void node_operations::change_jobs(bool retry, bulk_filter filter, service_callback<size_t> done) {
  auto change = std::make_shared<bulk_change>();
  change->retry = retry;
  change->wanted.task_name = filter.task_name;
  change->wanted.created_from = filter.from;
  change->wanted.created_until = filter.until;
  change->left = filter.limit;
  if (filter.state)
    change->states = {*filter.state};
  else if (retry)
    change->states = {job_state::cancelled, job_state::dead};
  else
    change->states = {job_state::running, job_state::pending}; // from the back
  change->done = std::move(done);
  change_next(change);
}

/// A round of a bulk change; the next one begins below the last id of this one, so that each job is asked for once.
void node_operations::change_next(const std::shared_ptr<bulk_change>& change) {
  read([this, change](journal_reader& from) {
    auto& wanted = change->wanted;
    desk_job_operation operation;
    operation.retry = change->retry;
    while (operation.jobs.empty()) {
      if (change->states.empty() || change->left == 0) return change->done(change->count);
      wanted.state = change->states.back();
      wanted.limit = std::min(bulk_round, change->left);
      auto found = from.list_jobs(wanted);
      if (!found)
        return change->done(
            failure(service_error{service_errc::unavailable, found.error().message, std::chrono::seconds{1}, {}}));
      for (auto& view : *found) operation.jobs.push_back(view.what.id);
      if (found->size() < wanted.limit) {
        change->states.pop_back();
        wanted.below.reset();
      } else {
        wanted.below = operation.jobs.back();
      }
    }
    change->left -= operation.jobs.size();
    operation.done = [this, change, asked = operation.jobs.size()](
                         std::vector<std::pair<job_id, std::optional<service_error>>> answers) {
      for (auto& [id, error] : answers) {
        if (!error)
          ++change->count;
        else if (error->code != service_errc::not_found && error->code != service_errc::conflict)
          return change->done(failure(*error));
      }
      if (answers.size() < asked)
        return change->done(failure(service_error{service_errc::unknown_outcome,
                                                  "the node did not answer for all jobs in time",
                                                  std::chrono::seconds{1},
                                                  {}}));
      change_next(change);
    };
    caf::anon_send(desk_, std::move(operation));
  });
}

} // namespace wheelwork
