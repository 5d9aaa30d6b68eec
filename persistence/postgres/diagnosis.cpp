#include "persistence/postgres/diagnosis.hpp"

#include "persistence/postgres/connection.hpp"
#include "persistence/postgres/diagnosis_rules.hpp"
#include "persistence/postgres/error_text.hpp"
#include "persistence/postgres/history_days.hpp"
#include "persistence/postgres/migrations.hpp"
#include "persistence/postgres/sql_diagnosis.hpp"
#include "persistence/postgres/url.hpp"
#include "persistence/table_prefix.hpp"

namespace wheelwork::postgres {

namespace {

constexpr milliseconds call_of_diagnosis{20'000};
constexpr char lock_not_available[] = "55P03";
constexpr char right_missing[] = "42501";
// As create table says (sql_schema.hpp).
constexpr uint64_t left_of_jobs = 5000, left_of_writers = 500;
constexpr uint64_t share_left_of_jobs = 50; // one of 50 rows

uint64_t unsigned_of(int64_t number) { return number < 0 ? 0 : static_cast<uint64_t>(number); }

class examination {
public:
  examination(connection& database, const journal_options& options, const diagnosis_limits& limits)
      : database_{database}, options_{options}, limits_{limits} {}

  std::vector<finding> run() {
    look("server", [&] { look_at_settings(); });
    look("clock", [&] { look_at_clock(); });
    look("connections", [&] { look_at_connections(); });
    look("rights", [&] { look_at_rights(); });
    look("tables", [&] { look_at_tables(); });
    look("oldest transaction", [&] { look_at_transactions(); });
    if (!in_recovery_) look("replication", [&] { look_at_replication(); });
    look("lock waits", [&] { look_at_lock_waits(); });
    if (has_tables_) {
      look("dead rows", [&] { look_at_dead_rows(); });
      look("lease", [&] { look_at_lease(); });
      look("running jobs", [&] { look_at_running_jobs(); });
      look("history partitions", [&] { look_at_history(); });
    }
    look("space", [&] { look_at_space(); });
    return std::move(findings_);
  }

private:
  /// Each in a transaction of its own: what can't be looked at does not keep the others from it.
  template <class Function>
  void look(const char* check, Function&& function) {
    try {
      database_.execute(sql::begin_look);
      function();
      database_.execute("rollback");
    } catch (const failure& error) {
      if (error.is_class("08") || !database_.roll_back()) throw;
      if (error.is(right_missing))
        add({check, severity::error, std::string{"not to be read by this user: "} + error.what(),
             "a node as this user could not work: let it own the tables, or grant it the role that does"});
      else if (error.is(lock_not_available))
        add({check, severity::warning, std::string{"a lock is in the way: "} + error.what(),
             "see lock waits; a node waits behind it as well"});
      else
        add({check, severity::warning, std::string{"could not be looked at: "} + error.what(),
             "try again; if it stays, look into the log of the server"});
    }
  }
  void add(finding one) { findings_.push_back(std::move(one)); }

  void look_at_settings() {
    auto found = database_.query(sql::server_settings);
    found.next();
    server_settings server;
    server.version = found->text(0);
    server.in_recovery = in_recovery_ = found->integer(1) != 0;
    server.read_only = found->integer(2) != 0;
    server.isolation = found->text(3);
    server.fsync = found->text(4) == "t";
    server.full_page_writes = found->text(5) == "t";
    server.synchronous_commit = found->text(6);
    server.synchronous_standby_names = found->text(7);
    server.autovacuum = found->text(8) == "t";
    server.track_counts = found->text(9) == "t";
    add(judge_role(server));
    add(judge_isolation(server));
    for (finding& one : judge_durability(server)) add(std::move(one));
    add(judge_autovacuum(server));
  }

  void look_at_clock() {
    const wall_time before = options_.clock->wall_now();
    auto found = database_.query(sql::clock);
    const milliseconds way = options_.clock->wall_now() - before;
    found.next();
    const wall_time there{milliseconds{found->integer(0)}};
    add(judge_clock(there - (before + way / 2), way / 2 + milliseconds{1}, limits_));
  }

  void look_at_connections() {
    auto found = database_.query(sql::connections);
    found.next();
    add(judge_connections(unsigned_of(found->integer(0)), unsigned_of(found->integer(1)), limits_));
  }

  void look_at_rights() {
    auto found = database_.query(sql::rights, table("ww_job_history"));
    found.next();
    const std::string schema{found->text(0)}, user{found->text(3)};
    if (schema.empty())
      return add({"rights", severity::error, "no schema of the search_path exists",
                  "create one, or name it: `alter role " + user + " set search_path = SCHEMA`"});
    if (found->integer(1) == 0)
      return add({"rights", severity::error, user + " may not create tables in the schema " + schema,
                  "`grant usage, create on schema " + schema + " to " + user +
                      "`: the tables and each day of history must be made"});
    if (!found->is_null(2) && found->integer(2) == 0)
      return add({"rights", severity::error, "the tables belong to another role than " + user,
                  "let it own them, or grant it the role that does: each day of history is made and dropped"});
    add({"rights", severity::ok, user + " may create tables in the schema " + schema, ""});
  }

  void look_at_tables() {
    const migration_status status = read_migration_status(database_);
    has_tables_ = status.version > 0;
    add(judge_tables(status));
  }

  void look_at_transactions() {
    auto oldest = database_.query(sql::oldest_transaction);
    std::optional<open_transaction> found;
    if (oldest.next())
      found = open_transaction{oldest->integer(0), std::string{oldest->text(1)}, std::string{oldest->text(2)},
                               std::string{oldest->text(3)}, milliseconds{oldest->integer(4)}};
    add(judge_oldest_transaction(found, limits_));
    auto hidden = database_.query(sql::hidden_sessions);
    if (hidden.next() && hidden->integer(0) > 0)
      add({"sessions of others", severity::note,
           std::to_string(hidden->integer(0)) + " sessions can't be seen by this user",
           "grant the role pg_monitor to the database user, or look for old transactions as a superuser"});
    auto prepared = database_.query(sql::oldest_prepared);
    std::optional<prepared_transaction> waiting;
    if (prepared.next())
      waiting = prepared_transaction{std::string{prepared->text(0)}, milliseconds{prepared->integer(1)}};
    add(judge_prepared(waiting, limits_));
  }

  void look_at_replication() {
    auto slots = database_.query(sql::replication_slots);
    if (slots.size() == 0) add({"replication slots", severity::ok, "none", ""});
    while (slots.next())
      add(judge_slot({std::string{slots->text(0)}, slots->integer(1) != 0, unsigned_of(slots->integer(2)),
                      unsigned_of(slots->integer(3))},
                     limits_));
    for (auto all = database_.query(sql::replicas); all.next();)
      add(judge_replica(std::string{all->text(0)}, unsigned_of(all->integer(1)), limits_));
  }

  void look_at_lock_waits() {
    std::vector<lock_wait> waits;
    for (auto all = database_.query(sql::lock_waits); all.next();)
      waits.push_back(
          {all->integer(0), std::string{all->text(1)}, std::string{all->text(2)}, milliseconds{all->integer(3)}});
    add(judge_lock_waits(waits, limits_));
  }

  void look_at_dead_rows() {
    for (const char* name : {"ww_job", "ww_writer"}) {
      auto found = database_.query(sql::hot_table, table(name));
      if (!found.next()) continue;
      hot_table hot;
      hot.name = table(name);
      hot.rows = unsigned_of(found->integer(0));
      hot.dead = unsigned_of(found->integer(1));
      hot.bytes = unsigned_of(found->integer(2));
      hot.left_by_autovacuum =
          name == std::string_view{"ww_job"} ? left_of_jobs + hot.rows / share_left_of_jobs : left_of_writers;
      if (!found->is_null(3)) hot.last_vacuum = milliseconds{found->integer(3)};
      hot.autovacuum = found->integer(4) != 0;
      add(judge_dead_rows(hot, limits_));
    }
  }

  void look_at_lease() {
    auto found = database_.query(sql::last_owner);
    std::optional<lease_holder> last;
    if (found.next())
      last = lease_holder{std::string{found->text(0)}, unsigned_of(found->integer(1)), milliseconds{found->integer(2)}};
    add(judge_lease(last));
    if (!last || !last->alive()) return;
    node_alive_ = last->node;
    node_runs_for_ = milliseconds{found->integer(3)};
  }

  void look_at_running_jobs() {
    auto found = database_.query(sql::running_jobs, node_alive_);
    found.next();
    add(judge_running({unsigned_of(found->integer(0)), unsigned_of(found->integer(1)), milliseconds{found->integer(2)}},
                      node_alive_.has_value()));
  }

  void look_at_history() {
    history_days days{database_};
    const history_day today = history_days::day_of(options_.clock->wall_now());
    history_state state;
    state.today = days.has(today);
    state.tomorrow = days.has(today + std::chrono::days{1});
    state.days = days.reaching_before(latest_wall_time).size();
    state.node_runs_for = node_runs_for_;
    add(judge_history_days(state, limits_));
  }

  void look_at_space() {
    auto found = database_.query(sql::sizes, options_.table_prefix, table("ww_job"));
    found.next();
    add({"space", severity::note,
         "the database has " + words_for_bytes(unsigned_of(found->integer(0))) + ", wheelwork's tables in it " +
             words_for_bytes(unsigned_of(found->integer(1))),
         "how much is free can't be asked of PostgreSQL: watch the disk of the server (`df`)"});
  }

  std::string table(const char* name) const { return database_.with_table_prefix_of(name); }

  connection& database_;
  const journal_options& options_;
  const diagnosis_limits& limits_;
  std::vector<finding> findings_;
  bool in_recovery_ = false;
  bool has_tables_ = false;
  std::optional<std::string> node_alive_;
  std::optional<milliseconds> node_runs_for_;
};

} // namespace

result<std::vector<finding>, std::string> diagnose_postgres(const journal_options& options,
                                                            const diagnosis_limits& limits) {
  if (!is_table_prefix(options.table_prefix))
    return wheelwork::failure("the table prefix `" + options.table_prefix +
                              "` is not usable: letters, digits and _, at most 32, not a digit first");
  const auto place = read_url(options.url);
  if (!place) return wheelwork::failure(place.error());
  try {
    connection_settings settings;
    settings.target = place->parameters;
    settings.shown = place->shown;
    settings.table_prefix = options.table_prefix;
    settings.call_timeout = call_of_diagnosis;
    connection database{std::move(settings)};
    return examination{database, options, limits}.run();
  } catch (const failure& error) {
    return wheelwork::failure(open_error_text(error, place->shown));
  } catch (const std::exception& error) {
    return wheelwork::failure("the database " + place->shown + " can't be looked at: " + error.what());
  }
}

} // namespace wheelwork::postgres
