// The tables, some texts per migration. A migration that was released never changes; the next one is added below. DDL
// commits at once in MySQL, so each statement can be repeated: a migration that was killed in the middle begins anew,
// and until it has ended its name in ww_migration says that it is unfinished.
//
// Times are milliseconds since 1970 in UTC, as numbers: what was written is compared and read back exactly, whatever
// time zone a session has (`from_unixtime(due_at / 1000)` shows one). Numbers of enumerations are those of their C++
// enumerators. Texts compare by their bytes: `{collation}` stands for the collation that does so on this server.
#pragma once

namespace wheelwork::mysql::sql {

inline constexpr char create_migration_table[] =
    "create table if not exists ww_migration (version integer primary key, name varchar(255) not null) engine = innodb "
    "default charset = utf8mb4 collate = {collation}";
/// The highest that was applied, and the highest that was begun.
inline constexpr char schema_version[] =
    "select coalesce(max(if(name like 'unfinished: %', 0, version)), 0), coalesce(max(version), 0) from ww_migration";
inline constexpr char begin_migration[] =
    "insert into ww_migration (version, name) values ($1, concat('unfinished: ', $2)) on duplicate key update name = "
    "values(name)";
inline constexpr char end_migration[] = "update ww_migration set name = $2 where version = $1";
inline constexpr char table_exists[] =
    "select 1 from information_schema.tables where table_schema = database() and table_name = $1";
/// One at a time over all nodes; the lock goes with the session.
inline constexpr char lock_migrations[] = "select get_lock(concat('wheelwork ', md5(concat(database(), '.', $1))), $2)";
inline constexpr char unlock_migrations[] =
    "select release_lock(concat('wheelwork ', md5(concat(database(), '.', $1))))";

inline constexpr const char* first_schema[] = {
    R"sql(
create table if not exists ww_database (
  id integer primary key,
  secret varbinary(16) not null,
  shards integer not null,
  ids_ahead bigint not null default 0,    -- how far the time in an id was ever ahead of the job's created_at
  ids_behind bigint not null default 0    -- and behind it; both bound the ids that a list by time must look at
))sql",
    R"sql(
create table if not exists ww_node (
  incarnation bigint primary key auto_increment,
  name varchar(255) not null,
  started_at bigint not null,
  lease_until bigint not null,            -- by the node's clock: until then it may have started jobs
  lease_ends bigint not null,             -- by the clock of the database: from then on another node may take over
  fenced boolean not null default false
))sql",
    R"sql(
create table if not exists ww_writer (
  id integer primary key,
  incarnation bigint not null,
  batch bigint not null,
  fenced boolean not null,
  session bigint unsigned not null        -- connection that wrote this row last: who holds it, while it is not committed
))sql",
    R"sql(
create table if not exists ww_shard (
  shard integer primary key,
  id_milliseconds_reserved bigint not null,
  owner bigint not null,                  -- incarnation
  released boolean not null,
  inherited_lease_until bigint not null   -- of the owner before this one, unless it released the shard
))sql",
    R"sql(
create table if not exists ww_target (
  id bigint primary key auto_increment,   -- never used twice: readers remember what they read
  hash varbinary(16) not null,
  spec longtext not null,
  unique key (hash)
))sql",
    R"sql(
create table if not exists ww_task (
  id bigint primary key,
  shard integer not null,
  name varchar(255) not null,
  external_id varchar(255),
  enabled boolean not null,
  version bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  spec longtext not null,
  unique key (name),
  unique key (external_id),
  key ww_task_shard (shard, id)
))sql",
    R"sql(
create table if not exists ww_task_name (  -- outlives the task, for the jobs that it leaves behind
  id bigint primary key,
  name varchar(255) not null,
  key ww_task_name_name (name)
))sql",
    R"sql(
create table if not exists ww_task_state (
  task bigint primary key,
  fired_until bigint not null,
  runs bigint not null,
  next_fire bigint,
  enabled_at bigint,
  disabled_at bigint
))sql",
    // Live jobs only. Each further index costs every job, so that there is one for what is due, and one on a column
    // that only fires have.
    R"sql(
create table if not exists ww_job (
  id bigint primary key,
  due_at bigint not null,
  task bigint,
  fire_time bigint,
  target bigint not null,
  created_at bigint not null,
  started_at bigint,                      -- only while running
  attempt integer unsigned not null,
  retries_used integer not null,
  shard smallint not null,
  fire_shard smallint,                    -- the shard of a fire, null for other jobs
  lost_in_row tinyint unsigned not null,
  priority tinyint unsigned not null,
  origin tinyint not null,
  running boolean not null,               -- a start is recorded and its end is not
  started_node text,
  content_type text,                      -- null: the payload is JSON
  labels longtext,
  unique_key varchar(255),
  external_id varchar(255),
  payload longblob,
  key ww_job_due (shard, running, due_at, id),
  key ww_job_fire (fire_shard)
))sql",
    // Finished jobs, one partition for each day (UTC) on which jobs finished; they are made ahead and dropped whole.
    R"sql(
create table if not exists ww_job_history (
  id bigint not null,
  due_at bigint not null,
  task bigint,
  fire_time bigint,
  target bigint not null,
  created_at bigint not null,
  finished_at bigint not null,
  last_started_at bigint,
  last_finished_at bigint,
  attempt integer unsigned not null,
  retries_used integer not null,
  last_number integer unsigned,           -- the last attempt; null: ended without one
  shard smallint not null,
  lost_in_row tinyint unsigned not null,
  priority tinyint unsigned not null,
  origin tinyint not null,
  state tinyint not null,
  last_outcome tinyint,
  reason longtext,
  content_type text,
  labels longtext,
  unique_key varchar(255),
  external_id varchar(255),
  last_node text,
  last_error longtext,
  last_response longtext,
  payload longblob,
  primary key (id, finished_at)
){options} partition by range (finished_at) (partition p00000000 values less than (0)))sql",
    // What only some jobs have stands in tables of its own, whose rows stay where they are while the job moves.
    R"sql(
create table if not exists ww_job_term (   -- what live and finished jobs are found by: task, labels, unique key, external id, bad end
  term varbinary(1400) not null,
  job_id bigint not null,
  primary key (term, job_id)
))sql",
    R"sql(
create table if not exists ww_fire (       -- the ledger; also the guard that a fire time of a task has one job
  task bigint not null,
  fire_time bigint not null,
  job_id bigint not null,
  primary key (task, fire_time),
  key ww_fire_time (fire_time)
))sql",
    R"sql(
create table if not exists ww_attempt (
  job_id bigint not null,
  number integer unsigned not null,
  node text not null,
  started_at bigint,
  finished_at bigint,
  outcome tinyint,
  error longtext not null,
  response longtext not null,
  primary key (job_id, number)
))sql",
    R"sql(
create table if not exists ww_fire_skip (
  task bigint not null,
  from_at bigint not null,
  verdict tinyint not null,
  to_at bigint not null,
  count bigint not null,
  primary key (task, from_at, verdict),
  key ww_fire_skip_end (task, to_at),
  key ww_fire_skip_retention (to_at)
))sql",
    R"sql(
create table if not exists ww_unique_key (
  unique_key varchar(255) primary key,
  job_id bigint not null,
  until bigint,                           -- null: for ever
  key ww_unique_key_until (until)
))sql",
};

inline constexpr const char* pool_schema[] = {
    R"sql(
create table if not exists ww_pool (
  name varchar(255) primary key,
  version bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  spec longtext not null
))sql",
    R"sql(
create table if not exists ww_pool_event (  -- decisions and failures
  id bigint primary key auto_increment,
  pool varchar(255) not null,
  happened_at bigint not null,
  kind tinyint not null,
  consumers_before bigint not null,
  consumers bigint not null,
  backlog bigint,                         -- null: it could not be read
  messages bigint not null,
  reason longtext not null,
  key ww_pool_event_pool (pool, happened_at, id),
  key ww_pool_event_retention (happened_at)
))sql",
    R"sql(
create table if not exists ww_pool_minute (  -- what was done in a minute on a node
  pool varchar(255) not null,
  begins_at bigint not null,
  node varchar(255) not null,
  taken bigint not null,
  succeeded bigint not null,
  failed_attempts bigint not null,
  dead_letters bigint not null,
  backlog_max bigint not null,
  consumers_max bigint not null,
  primary key (pool, begins_at, node),
  key ww_pool_minute_retention (begins_at)
))sql",
};

/// Follows each `create table` that has no `{options}` of its own.
inline constexpr char table_options[] =
    " engine = innodb row_format = dynamic default charset = utf8mb4 collate = {collation}";

} // namespace wheelwork::mysql::sql
