// The tables, one text per migration. A migration that was released never changes; the next one is added below.
//
// Times are milliseconds since 1970. Numbers of enumerations are those of their C++ enumerators.
#pragma once

namespace wheelwork::sqlite::sql {

inline constexpr char create_migration_table[] =
    "create table if not exists ww_migration (version integer primary key, name text not null)";
inline constexpr char schema_version[] = "select coalesce(max(version), 0) from ww_migration";
inline constexpr char add_migration[] = "insert into ww_migration (version, name) values (?1, ?2)";
inline constexpr char table_exists[] = "select count(*) from sqlite_master where type = 'table' and name = ?1";

inline constexpr char first_schema[] = R"sql(
create table ww_database (
  id integer primary key check (id = 0),
  secret blob not null,
  shards integer not null,
  ids_ahead integer not null default 0,   -- how far the time in an id was ever ahead of the job's created_at
  ids_behind integer not null default 0   -- and behind it; both bound the ids that a list by time must look at
);
create table ww_node (
  incarnation integer primary key autoincrement,
  name text not null,
  started_at integer not null,
  lease_until integer not null
);
create table ww_writer (
  id integer primary key,
  incarnation integer not null,
  batch integer not null,
  fenced integer not null
);
create table ww_shard (
  shard integer primary key,
  id_milliseconds_reserved integer not null,
  owner integer not null,                 -- incarnation
  released integer not null,
  inherited_lease_until integer not null  -- of the owner before this one, unless it released the shard
);
create table ww_target (
  id integer primary key autoincrement,   -- never used twice: readers remember what they read
  hash blob not null unique,
  spec text not null
);

create table ww_task (
  id integer primary key,
  shard integer not null,
  name text not null unique,
  external_id text unique,
  enabled integer not null,
  version integer not null,
  created_at integer not null,
  updated_at integer not null,
  spec text not null
);
create index ww_task_shard on ww_task (shard);
create table ww_task_name (               -- outlives the task, for the jobs that it leaves behind
  id integer primary key,
  name text not null
);
create index ww_task_name_name on ww_task_name (name);
create table ww_task_state (
  task integer primary key,
  fired_until integer not null,
  runs integer not null,
  next_fire integer,
  enabled_at integer,
  disabled_at integer
);

create table ww_job (                     -- live only; what is read last stands last
  id integer primary key,
  shard integer not null,
  running integer not null,               -- a start is recorded and its end is not
  due_at integer not null,
  task integer,
  fire_time integer,
  target integer not null,
  attempt integer not null,
  retries_used integer not null,
  lost_in_row integer not null,
  priority integer not null,
  origin integer not null,
  started_at integer,                     -- only while running
  started_node text,
  created_at integer not null,
  content_type text,                      -- null: the payload is JSON
  labels text,
  unique_key text,
  external_id text,
  payload blob
);
create index ww_job_due on ww_job (shard, running, due_at);
create index ww_job_fire on ww_job (shard, task, fire_time) where origin = 1;

create table ww_job_history (
  id integer primary key,
  shard integer not null,
  due_at integer not null,
  task integer,
  fire_time integer,
  target integer not null,
  attempt integer not null,
  retries_used integer not null,
  lost_in_row integer not null,
  priority integer not null,
  origin integer not null,
  state integer not null,
  created_at integer not null,
  finished_at integer not null,
  reason text,
  content_type text,
  labels text,
  unique_key text,
  external_id text,
  last_number integer,                    -- the last attempt; null: ended without one
  last_node text,
  last_started_at integer,
  last_finished_at integer,
  last_outcome integer,
  last_error text,
  last_response text,
  payload blob
);
create index ww_job_history_finished on ww_job_history (finished_at);
create index ww_job_history_unhappy on ww_job_history (state, id, task) where state > 2;

-- Each further index on these two tables costs every job, also one that it does not hold. So what only some jobs have stands in tables of
-- its own, whose rows stay where they are while the job moves.
create table ww_job_term (                -- what live and finished jobs are found by: task, labels, unique key, external id
  term text not null,
  job_id integer not null,
  primary key (term, job_id)
) without rowid;
create table ww_fire (                    -- the ledger; also the guard that a fire time of a task has one job
  task integer not null,
  fire_time integer not null,
  job_id integer not null,
  primary key (task, fire_time)
) without rowid;
create index ww_fire_time on ww_fire (fire_time);
create table ww_attempt (
  job_id integer not null,
  number integer not null,
  node text not null,
  started_at integer,
  finished_at integer,
  outcome integer,
  error text not null,
  response text not null,
  primary key (job_id, number)
) without rowid;
create table ww_fire_skip (
  task integer not null,
  from_at integer not null,
  verdict integer not null,
  to_at integer not null,
  count integer not null,
  primary key (task, from_at, verdict)
) without rowid;
create index ww_fire_skip_end on ww_fire_skip (task, to_at);
create index ww_fire_skip_retention on ww_fire_skip (to_at);
create table ww_unique_key (
  key text primary key,
  job_id integer not null,
  until integer                           -- null: for ever
) without rowid;
create index ww_unique_key_until on ww_unique_key (until) where until is not null;
)sql";

inline constexpr char pool_schema[] = R"sql(
create table ww_pool (
  name text primary key,
  version integer not null,
  created_at integer not null,
  updated_at integer not null,
  spec text not null
);
create table ww_pool_event (              -- decisions and failures
  id integer primary key autoincrement,
  pool text not null,
  happened_at integer not null,
  kind integer not null,
  consumers_before integer not null,
  consumers integer not null,
  backlog integer,                        -- null: it could not be read
  messages integer not null,
  reason text not null
);
create index ww_pool_event_pool on ww_pool_event (pool, happened_at, id);
create index ww_pool_event_retention on ww_pool_event (happened_at);
create table ww_pool_minute (             -- what was done in a minute on a node
  pool text not null,
  begins_at integer not null,
  node text not null,
  taken integer not null,
  succeeded integer not null,
  failed_attempts integer not null,
  dead_letters integer not null,
  backlog_max integer not null,
  consumers_max integer not null,
  primary key (pool, begins_at, node)
) without rowid;
create index ww_pool_minute_retention on ww_pool_minute (begins_at);
)sql";

} // namespace wheelwork::sqlite::sql
