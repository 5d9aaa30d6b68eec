// SQL of the diagnosis. It reads only; what needs the right PROCESS stands alone.
#pragma once

namespace wheelwork::mysql::sql {

#define WHEELWORK_NOW "cast(unix_timestamp(now(3)) * 1000 as signed)"

inline constexpr char server_settings[] =
    "select version(), @@global.read_only, @@global.innodb_flush_log_at_trx_commit, @@global.log_bin, "
    "@@global.sync_binlog, @@global.innodb_doublewrite, @@max_allowed_packet, @@global.binlog_format";
inline constexpr char clock[] = "select " WHEELWORK_NOW;
inline constexpr char connections[] =
    "select (select count(*) from information_schema.processlist), @@global.max_connections";
inline constexpr char oldest_transaction[] =
    "select trx_mysql_thread_id, timestampdiff(second, trx_started, now()) * 1000, trx_state from "
    "information_schema.innodb_trx where trx_mysql_thread_id <> connection_id() order by trx_started limit 1";
inline constexpr char lock_waits[] =
    "select count(*), coalesce(max(timestampdiff(second, trx_wait_started, now())) * 1000, 0) from "
    "information_schema.innodb_trx where trx_wait_started is not null";
inline constexpr char undo_history[] =
    "select count from information_schema.innodb_metrics where name = 'trx_rseg_history_len'";
inline constexpr char last_owner[] =
    "select name, incarnation, lease_ends - " WHEELWORK_NOW " from ww_node order by lease_ends desc, incarnation desc "
    "limit 1";
/// $1: the node that is alive, or null.
inline constexpr char running_jobs[] =
    "select count(*), coalesce(sum(not (j.started_node <=> $1)), 0), coalesce(" WHEELWORK_NOW
    " - min(if(j.started_node <=> $1, null, j.started_at)), 0) from ww_shard s straight_join ww_job j force index "
    "(ww_job_due) on j.shard = s.shard and j.running = 1";
inline constexpr char sizes[] =
    "select coalesce(sum(data_length + index_length), 0), coalesce(sum(if(left(table_name, char_length($1)) = $1, "
    "data_length + index_length, 0)), 0) from information_schema.tables where table_schema = database()";

#undef WHEELWORK_NOW

} // namespace wheelwork::mysql::sql
