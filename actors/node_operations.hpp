// What the API asks of the node: each call becomes messages to the actors that know, and the answer comes through a
// callback.
#pragma once

#include "actors/front_desk.hpp"
#include "actors/node_service.hpp"

#include <atomic>

namespace wheelwork {

/// The part of node_service that talks to actors; the words there hold here. Any thread; must outlive the actors.
class node_operations {
public:
  /// `readers`: at least one; reads are dealt to them in turn.
  node_operations(front_desk_actor desk, std::vector<reader_actor> readers, uint16_t shards, const clock_source& clock)
      : desk_{std::move(desk)}, readers_{std::move(readers)}, shards_{shards}, clock_{&clock} {}

  void push(std::vector<push_request> requests);
  void put_task(task_definition definition, std::optional<uint64_t> if_version, service_callback<task_write> done);
  void delete_task(std::string name, std::optional<uint64_t> if_version, service_callback<bool> done);
  void run_task(std::string name, std::optional<payload> body, std::string unique_key,
                service_callback<pushed_job> done);
  /// Cancels or retries one job.
  void change_job(bool retry, job_id id, service_callback<bool> done);
  /// Cancels or retries those that the filter finds.
  void change_jobs(bool retry, bulk_filter filter, service_callback<size_t> done);
  void read(std::function<void(journal_reader&)> query);

private:
  struct bulk_change {
    bool retry = false;
    job_filter wanted;
    std::vector<job_state> states; ///< yet to be gone through, the last one first
    size_t left = 0;
    size_t count = 0;
    service_callback<size_t> done;
  };
  void change_next(const std::shared_ptr<bulk_change>& change);
  void explain_not_found(bool retry, job_id id, service_callback<bool> done);
  void cancel_jobs_of(const task_definition& task, service_callback<bool> done);

  front_desk_actor desk_;
  std::vector<reader_actor> readers_;
  uint16_t shards_;
  const clock_source* clock_;
  std::atomic<size_t> next_reader_{0};
};

} // namespace wheelwork
