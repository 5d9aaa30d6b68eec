// Who is who: the typed handles of all actors and what each of them hears. The messages themselves stand in firing.hpp
// (the wheel), running.hpp (dispatcher and executors), journaling.hpp and operations.hpp (what the API asks for).
#pragma once

#include "messages/type_ids.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace wheelwork {

/// Wakes the slots when their earliest jobs are due, and tells everybody when the wall clock jumped.
using ticker_actor = caf::typed_actor<
    // A slot's earliest job is due at this tick; only when it got earlier than what the slot said before.
    caf::reacts_to<occupied>,
    // Who hears of jumps of the wall clock.
    caf::reacts_to<owners>,
    // INTERNAL: the alarm went off, or the wall clock was set.
    caf::reacts_to<alarm_rang>>;

/// Keeps the armed jobs of one slot of the wheel until they are due.
using wheel_slot_actor = caf::typed_actor<
    // Who gets due jobs; sent once, before anything is armed.
    caf::reacts_to<owners>,
    // Keep these until they are due.
    caf::reacts_to<arm>,
    // Give these back, if they are still here.
    caf::reacts_to<take_back>,
    // Send out what is due.
    caf::reacts_to<tick>>;

/// Owns one shard: the only one who decides a transition of its jobs.
using scheduler_actor = caf::typed_actor<
    // Start: recover the shard, then fire. Sent once, after everybody knows everybody.
    caf::reacts_to<begin_shard>,
    // New jobs: answered after their commit.
    caf::reacts_to<submit>,
    // Operations on tasks and jobs, each answered to the front desk.
    caf::reacts_to<put_task>, caf::reacts_to<delete_task>, caf::reacts_to<run_task>, caf::reacts_to<cancel_jobs>,
    caf::reacts_to<retry_jobs>,
    // Jobs that must pass through here when they are due: fires, and jobs whose start is committed before its effect.
    caf::reacts_to<due>,
    // Jobs given back by slots and dispatcher.
    caf::reacts_to<taken_back>,
    // Attempts ended, or still run after a while.
    caf::reacts_to<outcomes>, caf::reacts_to<still_running>,
    // What became of changes sent to the journal.
    caf::reacts_to<receipts>,
    // Answers of the reader.
    caf::reacts_to<shard_recovered>, caf::reacts_to<window_loaded>,
    // Workers wait for these jobs: commit their starts.
    caf::reacts_to<begin_starts>,
    // The wall clock was set: look again at what is missed.
    caf::reacts_to<clock_jumped>,
    // Clean stop: answer when nothing of this shard waits for the journal any more.
    caf::reacts_to<settle_shard>,
    // INTERNAL: time to load the next window.
    caf::reacts_to<load_more>>;

/// Hands due jobs to executors, within the bounds of each kind and host.
using dispatcher_actor = caf::typed_actor<
    // Who owns the shards, and who runs attempts; each sent once, before any job.
    caf::reacts_to<owners>, caf::reacts_to<use_executors>,
    // These are due: start them as soon as there is room, the highest priority first.
    caf::reacts_to<dispatch>,
    // These already run (started by an earlier incarnation): count them and expect their results.
    caf::reacts_to<expect_results>,
    // Give these back if they have not started.
    caf::reacts_to<take_back>,
    // A worker polls, or does no longer, or has waited long enough; a job that was meant for one can't start.
    caf::reacts_to<worker_waits>, caf::reacts_to<worker_left>, caf::reacts_to<worker_wait_over>,
    caf::reacts_to<starts_refused>,
    // Tell the executors to stop these attempts.
    caf::reacts_to<stop_attempts>,
    // The results of these attempts are committed: nobody needs to keep them any more.
    caf::reacts_to<settled_attempts>,
    // Results from executors.
    caf::reacts_to<finished>,
    // The node may start attempts until then.
    caf::reacts_to<starts_allowed>,
    // Clean stop: start nothing more; answered by `drained` as soon as nothing runs, and by what still runs when the
    // grace is over.
    caf::reacts_to<drain>,
    // INTERNAL: look for attempts that run for more than 100 ms; the grace of a clean stop is over.
    caf::reacts_to<look_for_long_attempts>, caf::reacts_to<grace_over>>;

/// Runs the attempts of one target kind through its runner.
using executor_actor =
    caf::typed_actor<caf::reacts_to<run>, caf::reacts_to<stop_attempts>, caf::reacts_to<settled_attempts>>;

/// Any sender of changes to the journal: hears what became of them.
using journal_client_actor = caf::typed_actor<caf::reacts_to<receipts>>;

/// Owns the one connection that writes: commits what waits, in one transaction, again and again.
using persistence_actor =
    caf::typed_actor<caf::reacts_to<write_changes>,
                     // Clean stop: after all that waits is committed, mark the shards released; answered by `released`.
                     caf::reacts_to<release_shards>,
                     // INTERNAL.
                     caf::reacts_to<flush>, caf::reacts_to<renew_lease>, caf::reacts_to<drop_history>>;

/// Reads from the journal for schedulers and for the API.
using reader_actor =
    caf::typed_actor<caf::reacts_to<recover_shard>, caf::reacts_to<load_window>, caf::reacts_to<run_query>>;

/// Takes operations from threads outside the actors, passes them to schedulers, and calls back with the answers.
using front_desk_actor =
    caf::typed_actor<caf::reacts_to<desk_push>, caf::reacts_to<desk_task_operation>, caf::reacts_to<desk_job_operation>,
                     // Answers of schedulers.
                     caf::reacts_to<submitted>, caf::reacts_to<task_answered>, caf::reacts_to<jobs_answered>,
                     // INTERNAL: operations that nobody answered in time.
                     caf::reacts_to<look_for_late_answers>>;

/// Takes messages from the source of its pool and hands them to the target.
using consumer_actor = caf::typed_actor<caf::reacts_to<change_pool>, caf::reacts_to<retire_consumer>,
                                        // Results of attempts, from runners.
                                        caf::reacts_to<finished>,
                                        // Messages of a pool with `journal` are jobs now.
                                        caf::reacts_to<messages_recorded>,
                                        // INTERNAL.
                                        caf::reacts_to<consume>>;

/// Looks at the backlog of a pool's source, again and again.
using lag_monitor_actor = caf::typed_actor<caf::reacts_to<look_at_backlog>>;

/// Spawns and retires the consumers of one pool.
using consumer_pool_actor =
    caf::typed_actor<caf::reacts_to<change_pool>, caf::reacts_to<backlog_seen>, caf::reacts_to<consumer_left>,
                     caf::reacts_to<pool_happened>, caf::reacts_to<end_pool>,
                     // INTERNAL.
                     caf::reacts_to<replace_consumers>, caf::reacts_to<replace_lag_monitor>>;

/// Keeps the definitions of all pools, in the journal and at work.
using pool_registry_actor =
    caf::typed_actor<caf::reacts_to<pools_loaded>, caf::reacts_to<put_pool>, caf::reacts_to<delete_pool>,
                     caf::reacts_to<pool_happened>, caf::reacts_to<pool_ended>, caf::reacts_to<receipts>,
                     caf::reacts_to<stop_pools>,
                     // INTERNAL.
                     caf::reacts_to<load_pools>, caf::reacts_to<write_pool_records>>;

/// Watches over the node: hears that shards are ready, that a clean stop is through, and that something broke.
using keeper_actor =
    caf::typed_actor<caf::reacts_to<shard_ready>, caf::reacts_to<shard_settled>, caf::reacts_to<drained>,
                     caf::reacts_to<released>, caf::reacts_to<pools_stopped>, caf::reacts_to<node_broken>,
                     // Monitor these: a core actor that ends unasked ends the node.
                     caf::reacts_to<watch>>;

} // namespace wheelwork
