// The tables, one text per migration. A migration that was released never changes; the next one is added below.
//
// Times are milliseconds since 1970 in UTC, as numbers: what was written is compared and read back exactly, whatever
// time zone a session has (`to_timestamp(due_at / 1000.0)` shows one). Numbers of enumerations are those of their C++
// enumerators. Texts sort by their bytes.
#pragma once

#include "persistence/postgres/migration_lock.hpp"

namespace wheelwork::postgres::sql {

inline constexpr char create_migration_table[] =
    "create table if not exists ww_migration (version integer primary key, name text not null)";
inline constexpr char schema_version[] = "select coalesce(max(version), 0) from ww_migration";
inline constexpr char add_migration[] = "insert into ww_migration (version, name) values ($1, $2)";
/// Not by to_regclass(): inside a transaction that goes on remembering that there was none, when another node has made
/// it.
inline constexpr char table_exists[] =
    "select exists (select 1 from pg_class where relname = lower($1) and pg_table_is_visible(oid))";
/// Begins the transaction of one migration: one at a time over all nodes; the lock goes with the transaction. A node
/// that was stopped in the middle does not hold it for ever. The others wait for it as long as it takes, but for
/// nothing else.
inline constexpr char begin_migration[] =
    "begin isolation level read committed; set local idle_in_transaction_session_timeout = '10s'; "
    "select pg_advisory_xact_lock(" WHEELWORK_MIGRATION_LOCK "); set local lock_timeout = '500ms'";
/// A backup or a report may read a table that is to be changed.
inline constexpr char wait_for_tables[] = "set local lock_timeout = '60s'";

inline constexpr char first_schema[] = R"sql(
create table ww_database (
  id integer primary key check (id = 0),
  secret bytea not null,
  shards integer not null,
  ids_ahead bigint not null default 0,    -- how far the time in an id was ever ahead of the job's created_at
  ids_behind bigint not null default 0    -- and behind it; both bound the ids that a list by time must look at
);
create table ww_node (
  incarnation bigint generated always as identity primary key,
  name text not null,
  started_at bigint not null,
  lease_until bigint not null,            -- by the node's clock: until then it may have started jobs
  lease_ends bigint not null,             -- by the clock of the database: from then on another node may take over
  fenced boolean not null default false
) with (fillfactor = 50);
create table ww_writer (
  id integer primary key,
  incarnation bigint not null,
  batch bigint not null,
  fenced boolean not null
) with (fillfactor = 10, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);
create table ww_shard (
  shard integer primary key,
  id_milliseconds_reserved bigint not null,
  owner bigint not null,                  -- incarnation
  released boolean not null,
  inherited_lease_until bigint not null   -- of the owner before this one, unless it released the shard
) with (fillfactor = 50);
create table ww_target (
  id bigint generated always as identity primary key,  -- never used twice: readers remember what they read
  hash bytea not null unique,
  spec text not null
);

create table ww_task (
  id bigint primary key,
  shard integer not null,
  name text collate "C" not null unique,
  external_id text collate "C" unique,
  enabled boolean not null,
  version bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  spec text not null
);
create index ww_task_shard on ww_task (shard, id);
create table ww_task_name (               -- outlives the task, for the jobs that it leaves behind
  id bigint primary key,
  name text collate "C" not null
);
create index ww_task_name_name on ww_task_name (name);
create table ww_task_state (
  task bigint primary key,
  fired_until bigint not null,
  runs bigint not null,
  next_fire bigint,
  enabled_at bigint,
  disabled_at bigint
) with (fillfactor = 50);

-- Live jobs only. A row lives for seconds, so vacuum must come often and by number of rows rather than by share of the table.
create table ww_job (
  id bigint primary key,
  due_at bigint not null,
  task bigint,
  fire_time bigint,
  target bigint not null,
  created_at bigint not null,
  started_at bigint,                      -- only while running
  attempt integer not null,
  retries_used integer not null,
  shard smallint not null,
  lost_in_row smallint not null,
  priority smallint not null,
  origin smallint not null,
  running boolean not null,               -- a start is recorded and its end is not
  started_node text,
  content_type text,                      -- null: the payload is JSON
  labels text,
  unique_key text,
  external_id text,
  payload bytea
) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
-- `id + 0`, so that nobody looks for an id along this index: with its first columns unknown that is a walk over all of it.
create index ww_job_due on ww_job (shard, running, due_at, (id + 0));
create index ww_job_fire on ww_job (shard, task, fire_time) where origin = 1;

-- Finished jobs, one partition for each day (UTC) on which jobs finished; they are made ahead and dropped whole.
create table ww_job_history (
  id bigint not null,
  due_at bigint not null,
  task bigint,
  fire_time bigint,
  target bigint not null,
  created_at bigint not null,
  finished_at bigint not null,
  last_started_at bigint,
  last_finished_at bigint,
  attempt integer not null,
  retries_used integer not null,
  last_number integer,                    -- the last attempt; null: ended without one
  shard smallint not null,
  lost_in_row smallint not null,
  priority smallint not null,
  origin smallint not null,
  state smallint not null,
  last_outcome smallint,
  reason text,
  content_type text,
  labels text,
  unique_key text,
  external_id text,
  last_node text,
  last_error text,
  last_response text,
  payload bytea,
  primary key (id, finished_at)
) partition by range (finished_at);
create index ww_job_history_unhappy on ww_job_history (state, id, task) where state > 2;

-- Each further index on these two tables costs every job, also one that it does not hold. So what only some jobs have stands in
-- tables of its own, whose rows stay where they are while the job moves.
create table ww_job_term (                -- what live and finished jobs are found by: task, labels, unique key, external id
  term text collate "C" not null,
  job_id bigint not null,
  primary key (term, job_id)
);
create table ww_fire (                    -- the ledger; also the guard that a fire time of a task has one job
  task bigint not null,
  fire_time bigint not null,
  job_id bigint not null,
  primary key (task, fire_time)
);
create index ww_fire_time on ww_fire ((fire_time + 0)); -- for retention alone, as above
create table ww_attempt (
  job_id bigint not null,
  number integer not null,
  node text not null,
  started_at bigint,
  finished_at bigint,
  outcome smallint,
  error text not null,
  response text not null,
  primary key (job_id, number)
);
create table ww_fire_skip (
  task bigint not null,
  from_at bigint not null,
  verdict smallint not null,
  to_at bigint not null,
  count bigint not null,
  primary key (task, from_at, verdict)
) with (fillfactor = 80);
create index ww_fire_skip_end on ww_fire_skip (task, to_at);
create index ww_fire_skip_retention on ww_fire_skip (to_at);
create table ww_unique_key (
  key text collate "C" primary key,
  job_id bigint not null,
  until bigint,                           -- null: for ever
  taken_at bigint not null
);
create index ww_unique_key_until on ww_unique_key (until) where until is not null;
)sql";

inline constexpr char pool_schema[] = R"sql(
create table ww_pool (
  name text collate "C" primary key,
  version bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  spec text not null
);
create table ww_pool_event (              -- decisions and failures
  id bigint generated always as identity primary key,
  pool text collate "C" not null,
  happened_at bigint not null,
  kind smallint not null,
  consumers_before bigint not null,
  consumers bigint not null,
  backlog bigint,                         -- null: it could not be read
  messages bigint not null,
  reason text not null
);
create index ww_pool_event_pool on ww_pool_event (pool, happened_at, id);
create index ww_pool_event_retention on ww_pool_event (happened_at);
create table ww_pool_minute (             -- what was done in a minute on a node
  pool text collate "C" not null,
  begins_at bigint not null,
  node text collate "C" not null,
  taken bigint not null,
  succeeded bigint not null,
  failed_attempts bigint not null,
  dead_letters bigint not null,
  backlog_max bigint not null,
  consumers_max bigint not null,
  primary key (pool, begins_at, node)
) with (fillfactor = 80);
create index ww_pool_minute_retention on ww_pool_minute (begins_at);
)sql";

} // namespace wheelwork::postgres::sql
