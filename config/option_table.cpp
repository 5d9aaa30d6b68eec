#include "config/option_table.hpp"

#include <algorithm>
#include <limits>

namespace wheelwork {
namespace {

constexpr int64_t second = 1000;
constexpr int64_t minute = 60 * second;
constexpr int64_t hour = 60 * minute;
constexpr int64_t day = 24 * hour;
constexpr int64_t kib = 1024;
constexpr int64_t mib = 1024 * kib;
constexpr int64_t gib = 1024 * mib;

// The slot of a member, as a plain function pointer.
#define WHEELWORK_SLOT(path) [](settings& all) -> option_slot { return &all.path; }

using enum option_kind;

const std::vector<option>& table() {
  static const std::vector<option> options{
      {"node",
       "name",
       text,
       WHEELWORK_SLOT(node.name),
       "How this node is called in lists, attempts and logs; unique in a cluster.",
       false,
       0,
       0,
       {},
       "the host's name"},
      {"node",
       "roles",
       text_list,
       WHEELWORK_SLOT(node.roles),
       "What this node does.",
       false,
       0,
       0,
       {"scheduler", "executor", "api"}},
      {"node", "partition", text, WHEELWORK_SLOT(node.partition),
       "Tasks with a partition run only on nodes with the same one; tasks without run anywhere."},
      {"node", "data_dir", text, WHEELWORK_SLOT(node.data_dir),
       "Folder for the records of started processes; made if missing. Relative paths count from the working "
       "directory."},
      {"node", "shutdown_grace", duration, WHEELWORK_SLOT(node.shutdown_grace),
       "How long attempts in flight may go on after SIGTERM.", false, 0, day},

      {"database", "url", secret, WHEELWORK_SLOT(database.url),
       "Where tasks and jobs are kept: `sqlite://PATH` (all after `//` is the path; its folder is made if missing) or "
       "`postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require` (PostgreSQL 13 or newer; all parameters of "
       "libpq) or `mysql://USER:PASSWORD@HOST:PORT/DATABASE?ssl-mode=required` (MariaDB 10.6, MySQL 8.0.19 or newer; "
       "parameters `ssl-mode` = `disabled`, `required` or `verify-identity`, `ssl-ca`, `ssl-cert`, `ssl-key`, "
       "`socket`)."},
      {"database", "writers", whole_number, WHEELWORK_SLOT(database.writers),
       "Connections that write. SQLite always has one.", false, 1, 64},
      {"database", "migrate", boolean, WHEELWORK_SLOT(database.migrate),
       "Create and upgrade the tables at start; false: refuse to start on older ones (`wheelwork migrate` upgrades "
       "them)."},
      {"database", "table_prefix", text, WHEELWORK_SLOT(database.table_prefix), "Begins the name of every table."},
      {"database", "history_retention", duration, WHEELWORK_SLOT(database.history_retention),
       "How long finished jobs are kept.", false, minute, 36'500 * day},

      {"api", "listen", text, WHEELWORK_SLOT(api.listen),
       "HOST:PORT of the HTTP API. Anything but loopback needs `api.tokens`. Port 0 takes a free one, which the log "
       "names."},
      {"api", "hosts", text_list, WHEELWORK_SLOT(api.hosts),
       "Further names under which clients may reach the API; other `Host` headers are refused.", true},
      {"api", "max_body", size, WHEELWORK_SLOT(api.max_body), "The largest request body.", false, kib, gib},
      {"api", "max_in_flight", whole_number, WHEELWORK_SLOT(api.max_in_flight),
       "Pushes accepted and not yet answered; past it clients get 429.", false, 1, 10'000'000},
      {"api", "header_timeout", duration, WHEELWORK_SLOT(api.header_timeout),
       "How long a client may take to send the header of a request.", false, 1, hour},
      {"api", "body_timeout", duration, WHEELWORK_SLOT(api.body_timeout),
       "How long a client may take to send the body of a request.", false, 1, hour},

      {"wheel", "slots", whole_number, WHEELWORK_SLOT(wheel.slots), "Actors that share the timing wheel.", false, 1,
       10'000},
      {"wheel", "horizon", duration, WHEELWORK_SLOT(wheel.horizon),
       "How far ahead jobs are held in memory; later ones only in the database.", false, second, day},
      {"wheel", "max_hot_jobs", whole_number, WHEELWORK_SLOT(wheel.max_hot_jobs), "Jobs held in memory at most.", false,
       1000, 100'000'000},
      {"wheel", "max_hot_bytes", size, WHEELWORK_SLOT(wheel.max_hot_bytes), "Memory for jobs held ahead, at most.",
       false, mib, 1024 * gib},

      {"http_target", "concurrency", whole_number, WHEELWORK_SLOT(http_target.concurrency),
       "Callbacks in flight at most.", false, 1, 100'000},
      {"http_target", "per_host", whole_number, WHEELWORK_SLOT(http_target.per_host),
       "Callbacks in flight to one host at most, so that a slow one delays no other.", false, 1, 100'000},
      {"http_target", "connect_timeout", duration, WHEELWORK_SLOT(http_target.connect_timeout),
       "How long a connection may take to open.", false, 1, 10 * minute},
      {"http_target", "deny_networks", text_list, WHEELWORK_SLOT(http_target.deny_networks),
       "Addresses that callbacks may not reach, checked after name resolution and on each redirect.", true},
      {"http_target", "allow_networks", text_list, WHEELWORK_SLOT(http_target.allow_networks),
       "Exceptions from `deny_networks`.", true},
      {"http_target", "signing_secret", secret, WHEELWORK_SLOT(http_target.signing_secret),
       "Signs callbacks as Standard Webhooks says; empty: not signed."},

      {"process_target", "allow", text_list, WHEELWORK_SLOT(process_target.allow),
       "Executables that jobs may start: absolute paths, `*` stands for anything. Empty: none.", true},
      {"process_target", "concurrency", whole_number, WHEELWORK_SLOT(process_target.concurrency),
       "Processes that run at the same time at most.", false, 1, 10'000},
      {"process_target", "kill_grace", duration, WHEELWORK_SLOT(process_target.kill_grace),
       "Between SIGTERM and SIGKILL when a process is stopped.", false, 0, day},
      {"process_target", "output_limit", size, WHEELWORK_SLOT(process_target.output_limit),
       "How much of a process's output is kept.", false, 0, 16 * mib},
      {"process_target", "adopt_within", duration, WHEELWORK_SLOT(process_target.adopt_within),
       "How long processes wait for their restarted node before another takes their jobs.", false, 0, day},

      {"cluster", "name", text, WHEELWORK_SLOT(cluster.name), "Nodes with other names are kept out."},
      {"cluster", "listen", text, WHEELWORK_SLOT(cluster.listen),
       "HOST:PORT for other nodes. Anything but loopback needs the three `tls_` options."},
      {"cluster", "advertise", text, WHEELWORK_SLOT(cluster.advertise),
       "HOST:PORT under which other nodes reach this one. Not built yet."},
      {"cluster", "shards", whole_number, WHEELWORK_SLOT(cluster.shards),
       "Units of ownership; fixed when the database is first used.", false, 1, 1023},
      {"cluster", "lease", duration, WHEELWORK_SLOT(cluster.lease),
       "How long a node may act on its shards without renewing.", false, second, hour},
      {"cluster", "tls_certificate", text, WHEELWORK_SLOT(cluster.tls_certificate),
       "PEM file with the certificate of this node. Not built yet."},
      {"cluster", "tls_key", text, WHEELWORK_SLOT(cluster.tls_key), "PEM file with its key. Not built yet."},
      {"cluster", "tls_ca", text, WHEELWORK_SLOT(cluster.tls_ca),
       "PEM file with the authority that signed the certificates of all nodes. Not built yet."},

      {"front.delay_queue", "listen", text, WHEELWORK_SLOT(delay_queue.listen),
       "HOST:PORT of `POST /api/task/save`, as the service had it: `127.0.0.1:8080`. Empty: off. Anything but loopback "
       "needs `tokens` or `allow_networks`."},
      {"front.delay_queue", "tokens", secret_list, WHEELWORK_SLOT(delay_queue.tokens),
       "Secrets, one of which a client must send: as `Authorization: Bearer SECRET` or as the password of the URL that "
       "it calls.",
       true},
      {"front.delay_queue", "allow_networks", text_list, WHEELWORK_SLOT(delay_queue.allow_networks),
       "Networks that clients must call from. Empty: any.", true},
      {"front.delay_queue", "hosts", text_list, WHEELWORK_SLOT(delay_queue.hosts),
       "Sites whose web pages may post here (`Origin`); what is no browser needs nothing.", true},
      {"front.delay_queue", "redis", text, WHEELWORK_SLOT(delay_queue.redis),
       "The NAME of the `[redis.NAME]` whose list is read. Empty: none is."},
      {"front.delay_queue", "queue_key", text, WHEELWORK_SLOT(delay_queue.queue_key),
       "The list; what can't be read of it goes to this key and `:dead`."},
      {"front.delay_queue", "retry_time_config", text, WHEELWORK_SLOT(delay_queue.retry_time_config),
       "Delays of the retries, each as `RETRY_SECONDS`."},
      {"front.delay_queue", "max_retry_num", whole_number, WHEELWORK_SLOT(delay_queue.max_retry_num),
       "Retries after the first try.", false, 0, 1000},
      {"front.delay_queue", "retry_default_time", whole_number, WHEELWORK_SLOT(delay_queue.retry_default_time),
       "Seconds before a retry that `retry_time_config` does not have.", false, 0, 31'536'000},
      {"front.delay_queue", "time_interval", whole_number, WHEELWORK_SLOT(delay_queue.time_interval),
       "A task whose `plan_time` is over, or not above 0, is tried so many seconds later.", false, 0, 31'536'000},

      {"log",
       "level",
       text,
       WHEELWORK_SLOT(log.level),
       "The least serious entries that are written.",
       true,
       0,
       0,
       {"trace", "debug", "info", "warn", "warning", "error"}},
      {"log", "format", text, WHEELWORK_SLOT(log.format), "How an entry is written.", true, 0, 0, {"text", "json"}},
      {"log", "file", text, WHEELWORK_SLOT(log.file), "Where entries go; empty: standard error. Reopened on SIGHUP.",
       true},
      {"log", "max_size", size, WHEELWORK_SLOT(log.max_size), "Size at which the log file is rotated.", true, kib,
       1024 * gib},
      {"log", "max_files", whole_number, WHEELWORK_SLOT(log.max_files), "Rotated log files that are kept.", true, 1,
       1000},
  };
  return options;
}
#undef WHEELWORK_SLOT

constexpr token_option tokens[] = {
    {"name", "Names the client in logs; unique."},
    {"secret", "What the client sends as `Authorization: Bearer …`; usually `file:PATH`."},
    {"role", "`viewer` reads, `operator` also runs, cancels and retries, `admin` may do everything."},
};

constexpr section_note sections[] = {
    {"node", "Who this node is."},
    {"database", "The durable record."},
    {"api", "The HTTP API."},
    {"wheel", "Jobs held in memory ahead of their time."},
    {"http_target", "Jobs that call a URL."},
    {"process_target", "Jobs that start a process."},
    {"cluster", "Several nodes on one database. Only `shards` and `lease` matter to a single node."},
    {"front.delay_queue",
     "Takes what clients of the delay_queue service send, over HTTP and a Redis list; off unless configured."},
    {"log", "The node's log."},
};

} // namespace

std::span<const option> all_options() { return table(); }

const option* find_option(std::string_view section, std::string_view key) {
  const auto& options = table();
  auto found = std::find_if(options.begin(), options.end(),
                            [&](const option& each) { return each.section == section && each.key == key; });
  return found == options.end() ? nullptr : &*found;
}

std::span<const token_option> token_options() { return tokens; }
std::span<const section_note> all_sections() { return sections; }

} // namespace wheelwork
