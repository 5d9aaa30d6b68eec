// The one list of types that travel between actors.
//
// All of them stay inside the process today: they hold handles, shared targets and payloads, which have no bytes on a
// wire. Therefore each is declared as such (CAF_ALLOW_UNSAFE_MESSAGE_TYPE). A type that is to cross nodes gets
// `inspect` instead, and a name for ever.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

namespace wheelwork {
struct occupied;
struct alarm_rang;
struct owners;
struct arm;
struct take_back;
struct taken_back;
struct tick;
struct clock_jumped;
struct due;
struct dispatch;
struct expect_results;
struct stop_attempts;
struct settled_attempts;
struct use_executors;
struct run;
struct finished;
struct outcomes;
struct still_running;
struct starts_allowed;
struct drain;
struct drained;
struct look_for_long_attempts;
struct grace_over;
struct write_changes;
struct receipts;
struct release_shards;
struct released;
struct flush;
struct renew_lease;
struct drop_history;
struct recover_shard;
struct shard_recovered;
struct load_window;
struct window_loaded;
struct run_query;
struct begin_shard;
struct submit;
struct submitted;
struct put_task;
struct delete_task;
struct run_task;
struct task_answered;
struct cancel_jobs;
struct retry_jobs;
struct jobs_answered;
struct settle_shard;
struct shard_settled;
struct shard_ready;
struct load_more;
struct desk_push;
struct desk_task_operation;
struct desk_job_operation;
struct look_for_late_answers;
struct node_broken;
struct watch;
struct change_pool;
struct consume;
struct retire_consumer;
struct consumer_left;
struct messages_recorded;
struct look_at_backlog;
struct backlog_seen;
struct replace_consumers;
struct replace_lag_monitor;
struct end_pool;
struct pool_ended;
struct pool_happened;
struct load_pools;
struct pools_loaded;
struct put_pool;
struct delete_pool;
struct write_pool_records;
struct stop_pools;
struct pools_stopped;
struct worker_waits;
struct worker_left;
struct worker_wait_over;
struct begin_starts;
struct starts_refused;
} // namespace wheelwork

CAF_BEGIN_TYPE_ID_BLOCK(wheelwork, first_custom_type_id)
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::occupied))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::alarm_rang))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::owners))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::arm))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::take_back))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::taken_back))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::tick))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::clock_jumped))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::due))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::dispatch))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::expect_results))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::stop_attempts))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::settled_attempts))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::use_executors))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::run))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::finished))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::outcomes))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::still_running))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::starts_allowed))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::drain))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::drained))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::look_for_long_attempts))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::grace_over))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::write_changes))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::receipts))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::release_shards))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::released))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::flush))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::renew_lease))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::drop_history))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::recover_shard))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::shard_recovered))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::load_window))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::window_loaded))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::run_query))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::begin_shard))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::submit))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::submitted))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::put_task))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::delete_task))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::run_task))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::task_answered))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::cancel_jobs))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::retry_jobs))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::jobs_answered))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::settle_shard))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::shard_settled))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::shard_ready))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::load_more))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::desk_push))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::desk_task_operation))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::desk_job_operation))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::look_for_late_answers))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::node_broken))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::watch))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::change_pool))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::consume))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::retire_consumer))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::consumer_left))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::messages_recorded))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::look_at_backlog))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::backlog_seen))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::replace_consumers))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::replace_lag_monitor))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::end_pool))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::pool_ended))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::pool_happened))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::load_pools))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::pools_loaded))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::put_pool))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::delete_pool))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::write_pool_records))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::stop_pools))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::pools_stopped))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::worker_waits))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::worker_left))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::worker_wait_over))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::begin_starts))
  CAF_ADD_TYPE_ID(wheelwork, (wheelwork::starts_refused))
CAF_END_TYPE_ID_BLOCK(wheelwork)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::occupied)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::alarm_rang)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::owners)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::arm)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::take_back)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::taken_back)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::clock_jumped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::dispatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::expect_results)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::stop_attempts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::settled_attempts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::use_executors)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::outcomes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::still_running)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::starts_allowed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::drained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::look_for_long_attempts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::grace_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::write_changes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::receipts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::release_shards)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::released)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::flush)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::renew_lease)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::drop_history)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::recover_shard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::shard_recovered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::load_window)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::window_loaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::run_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::begin_shard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::submit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::submitted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::put_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::delete_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::run_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::task_answered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::cancel_jobs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::retry_jobs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::jobs_answered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::settle_shard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::shard_settled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::shard_ready)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::load_more)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::desk_push)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::desk_task_operation)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::desk_job_operation)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::look_for_late_answers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::node_broken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::watch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::change_pool)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::consume)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::retire_consumer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::consumer_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::messages_recorded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::look_at_backlog)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::backlog_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::replace_consumers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::replace_lag_monitor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::end_pool)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::pool_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::pool_happened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::load_pools)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::pools_loaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::put_pool)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::delete_pool)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::write_pool_records)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::stop_pools)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::pools_stopped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::worker_waits)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::worker_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::worker_wait_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::begin_starts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(wheelwork::starts_refused)
