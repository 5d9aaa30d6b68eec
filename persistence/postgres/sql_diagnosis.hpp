// SQL of the diagnosis; all of it only reads.
#pragma once

namespace wheelwork::postgres::sql {

#define WHEELWORK_NOW "(extract(epoch from clock_timestamp()) * 1000)::bigint"
#define WHEELWORK_SINCE(time) "(extract(epoch from clock_timestamp() - " time ") * 1000)::bigint"

/// Nobody waits for this for long, and nothing is changed by it.
inline constexpr char begin_look[] =
    "begin read only; set local lock_timeout = '1s'; set local statement_timeout = '15s'";

inline constexpr char server_settings[] =
    "select current_setting('server_version'), pg_is_in_recovery(), "
    "current_setting('default_transaction_read_only') = 'on', current_setting('default_transaction_isolation'), "
    "current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on', "
    "current_setting('synchronous_commit'), current_setting('synchronous_standby_names'), "
    "current_setting('autovacuum') = 'on', current_setting('track_counts') = 'on'";
inline constexpr char clock[] = "select " WHEELWORK_NOW;

/// Only transactions of this database hold back its tables.
inline constexpr char oldest_transaction[] =
    "select pid, coalesce(usename, ''), coalesce(application_name, ''), coalesce(state, ''), " WHEELWORK_SINCE(
        "xact_start") " from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and "
                      "backend_type <> 'autovacuum worker' and xact_start is not null and "
                      "(backend_xmin is not null or backend_xid is not null) order by xact_start limit 1";
inline constexpr char hidden_sessions[] =
    "select count(*) from pg_stat_activity where datname = current_database() and "
    "query = '<insufficient privilege>'";
inline constexpr char oldest_prepared[] = "select gid, " WHEELWORK_SINCE(
    "prepared") " from pg_prepared_xacts where database = current_database() order by prepared limit 1";
inline constexpr char replication_slots[] =
    "select slot_name, active, greatest(coalesce(age(xmin), 0), coalesce(age(catalog_xmin), 0)), "
    "greatest(coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0), 0)::bigint from pg_replication_slots "
    "order by slot_name";
inline constexpr char replicas[] = "select coalesce(application_name, ''), age(backend_xmin) from pg_stat_replication "
                                   "where backend_xmin is not null order by 2 desc";

inline constexpr char hot_table[] =
    "select coalesce(n_live_tup, 0), coalesce(n_dead_tup, 0), pg_total_relation_size(c.oid), " WHEELWORK_SINCE(
        "greatest(last_autovacuum, last_vacuum)") ", not coalesce('autovacuum_enabled=false' = any(c.reloptions), "
                                                  "false) from pg_class c left join pg_stat_user_tables s on s.relid = "
                                                  "c.oid where c.oid = to_regclass($1)";
inline constexpr char lock_waits[] =
    "select l.pid, coalesce(c.relname, ''), array_to_string(pg_blocking_pids(l.pid), ', '), "
    "coalesce(" WHEELWORK_SINCE("a.query_start") ", 0) from pg_locks l join pg_stat_activity a on a.pid = l.pid "
                                                 "left join pg_class c on c.oid = l.relation "
                                                 "where not l.granted and a.datname = current_database()";

inline constexpr char last_owner[] =
    "select n.name, n.incarnation, n.lease_ends - " WHEELWORK_NOW ", " WHEELWORK_NOW " - n.started_at from ww_node n "
    "order by n.lease_ends desc, n.incarnation desc limit 1";
/// By way of the index that begins with the shard. $1: the node that is alive, or null.
inline constexpr char running_jobs[] =
    "select count(*), count(*) filter (where j.started_node is distinct from $1), coalesce(" WHEELWORK_NOW
    " - min(j.started_at) filter (where j.started_node is distinct from $1), 0) "
    "from ww_shard s join ww_job j on j.shard = s.shard and j.running";

inline constexpr char sizes[] =
    "select pg_database_size(current_database()), (select coalesce(sum(pg_total_relation_size(c.oid)), 0) from "
    "pg_class "
    "c where c.relkind = 'r' and starts_with(c.relname, $1) and c.relnamespace = (select relnamespace from pg_class "
    "where oid = to_regclass($2)))";
inline constexpr char rights[] =
    "select coalesce(current_schema(), ''), coalesce(has_schema_privilege(current_schema(), 'create'), false), "
    "(select pg_has_role(relowner, 'usage') from pg_class where oid = to_regclass($1)), current_user::text";
inline constexpr char connections[] = "select sum(numbackends), current_setting('max_connections')::int - "
                                      "current_setting('superuser_reserved_connections')::int from pg_stat_database";

#undef WHEELWORK_SINCE
#undef WHEELWORK_NOW

} // namespace wheelwork::postgres::sql
