#include "persistence/mysql/diagnosis.hpp"

#include "persistence/diagnosis_rules.hpp"
#include "persistence/mysql/error_text.hpp"
#include "persistence/mysql/history_days.hpp"
#include "persistence/mysql/migrations.hpp"
#include "persistence/mysql/sql_diagnosis.hpp"
#include "persistence/table_prefix.hpp"

namespace wheelwork::mysql {

namespace {

constexpr milliseconds call_of_diagnosis{20'000};
constexpr unsigned right_missing = 1227;
constexpr uint64_t packet_note = 16 << 20;

uint64_t unsigned_of(int64_t number) { return number < 0 ? 0 : static_cast<uint64_t>(number); }

class examination {
public:
  examination(connection& database, const journal_options& options, const diagnosis_limits& limits)
      : database_{database}, options_{options}, limits_{limits} {}

  std::vector<finding> run() {
    look("server", [&] { look_at_settings(); });
    look("clock", [&] { look_at_clock(); });
    look("connections", [&] { look_at_connections(); });
    look("tables", [&] { look_at_tables(); });
    look("oldest transaction", [&] { look_at_transactions(); });
    look("lock waits", [&] { look_at_lock_waits(); });
    look("old row versions", [&] { look_at_undo(); });
    if (has_tables_) {
      look("lease", [&] { look_at_lease(); });
      look("running jobs", [&] { look_at_running_jobs(); });
      look("history partitions", [&] { look_at_history(); });
    }
    look("space", [&] { look_at_space(); });
    return std::move(findings_);
  }

private:
  /// What can't be looked at does not keep the others from it.
  template <class Function>
  void look(const char* check, Function&& function) {
    try {
      function();
    } catch (const failure& error) {
      if (needs_reopening(error)) throw;
      if (error.number() == right_missing)
        add({check, severity::note, std::string{"not to be seen by this user: "} + error.what(),
             "`grant process on *.* to USER`, or look at it as an administrator"});
      else
        add({check, severity::warning, std::string{"could not be looked at: "} + error.what(),
             "try again; if it stays, look into the log of the server"});
    }
  }
  void add(finding one) { findings_.push_back(std::move(one)); }

  void look_at_settings() {
    auto found = database_.query(sql::server_settings);
    found.next();
    const std::string version = (database_.is_mariadb() ? "" : "MySQL ") + std::string{found->text(0)};
    if (found->integer(1) != 0)
      add({"server", severity::error, version + ", read_only is on",
           "it is a replica, or after a fail-over: name the primary in database.url"});
    else
      add({"server", severity::ok, version, ""});
    const int64_t flush = found->integer(2);
    if (flush == 1)
      add({"innodb_flush_log_at_trx_commit", severity::ok, "1", ""});
    else
      add({"innodb_flush_log_at_trx_commit", severity::error, std::to_string(flush),
           flush == 2 ? "a crash of the machine loses up to a second of jobs that were accepted: set it to 1"
                      : "a crash of the server loses up to a second of jobs that were accepted: set it to 1"});
    if (found->integer(3) != 0) look_at_binary_log(found->integer(4), std::string{found->text(7)});
    if (const std::string_view doublewrite = found->text(5); doublewrite == "0" || doublewrite == "OFF")
      add({"innodb_doublewrite", severity::error, "off",
           "a crash in the middle of a write can damage pages for good, unless the file system never tears one: turn "
           "it on"});
    const uint64_t packet = unsigned_of(found->integer(6));
    add({"max_allowed_packet", packet < packet_note ? severity::note : severity::ok, words_for_bytes(packet),
         packet < packet_note ? "a payload of half this size may be refused: set 16M or more" : ""});
  }

  void look_at_binary_log(int64_t sync, const std::string& format) {
    if (sync == 1)
      add({"sync_binlog", severity::ok, "1", ""});
    else
      add({"sync_binlog", severity::warning, std::to_string(sync),
           "after a crash of the machine replicas may lack jobs that were accepted, or the server may: set it to 1"});
    if (format == "STATEMENT")
      add({"binlog_format", severity::error, format,
           "InnoDB refuses to write with it at the isolation that wheelwork uses: set ROW or MIXED"});
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
    const uint64_t used = unsigned_of(found->integer(0)),
                   allowed = std::max<uint64_t>(1, unsigned_of(found->integer(1)));
    const uint64_t share = used * 100 / allowed;
    const severity level = severity_of(share, limits_.connections_warning, limits_.connections_error);
    add({"connections", level, std::to_string(used) + " of " + std::to_string(allowed) + " seen in use",
         level == severity::ok ? "" : "a node that loses a connection may not get another: raise max_connections"});
  }

  void look_at_tables() {
    const migration_status status = read_migration_status(database_);
    has_tables_ = status.version > 0;
    add(judge_tables(status));
  }

  void look_at_transactions() {
    auto oldest = database_.query(sql::oldest_transaction);
    if (!oldest.next()) return add({"oldest transaction", severity::ok, "none is open", ""});
    const milliseconds age{oldest->integer(1)};
    const severity level = severity_of(age, limits_.transaction_warning, limits_.transaction_error);
    add({"oldest transaction", level, "connection " + std::string{oldest->text(0)} + " for " + words_for_span(age),
         level == severity::ok ? ""
                               : "what was deleted since then stays in the tables until it ends: end it "
                                 "(`kill " +
                                     std::string{oldest->text(0)} + "`)"});
  }

  void look_at_lock_waits() {
    auto found = database_.query(sql::lock_waits);
    found.next();
    const milliseconds longest{found->integer(1)};
    const severity level = severity_of(longest, limits_.lock_wait_warning, limits_.lock_wait_error);
    add({"lock waits", found->integer(0) == 0 ? severity::ok : level,
         found->integer(0) == 0 ? "none" : std::string{found->text(0)} + ", the longest for " + words_for_span(longest),
         found->integer(0) == 0 || level == severity::ok ? ""
                                                         : "see `show engine innodb status` for who is in the way"});
  }

  void look_at_undo() {
    auto found = database_.query(sql::undo_history);
    if (!found.next()) return;
    const uint64_t kept = unsigned_of(found->integer(0));
    const severity level = severity_of(kept, limits_.held_back_warning * 10, limits_.held_back_error * 10);
    add({"old row versions", level, std::to_string(kept) + " transactions wait for purge",
         level == severity::ok ? ""
                               : "an old transaction holds them back, or innodb_purge_threads is too low: live "
                                 "tables slow down meanwhile"});
  }

  void look_at_lease() {
    auto found = database_.query(sql::last_owner);
    std::optional<lease_holder> last;
    if (found.next())
      last = lease_holder{std::string{found->text(0)}, unsigned_of(found->integer(1)), milliseconds{found->integer(2)}};
    add(judge_lease(last));
    if (last && last->alive()) node_alive_ = last->node;
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
    const bool there = days.has(today) && days.has(today + std::chrono::days{1});
    add({"history partitions", there ? severity::ok : severity::note,
         there ? "today's and tomorrow's are there" : "today's or tomorrow's is missing",
         there ? "" : "a node makes them within a minute of its start; if one runs, look into its log"});
  }

  void look_at_space() {
    auto found = database_.query(sql::sizes, options_.table_prefix);
    found.next();
    add({"space", severity::note,
         "the database has " + words_for_bytes(unsigned_of(found->integer(0))) + ", wheelwork's tables in it " +
             words_for_bytes(unsigned_of(found->integer(1))),
         "how much is free can't be asked of the server: watch its disk (`df`)"});
  }

  connection& database_;
  const journal_options& options_;
  const diagnosis_limits& limits_;
  std::vector<finding> findings_;
  bool has_tables_ = false;
  std::optional<std::string> node_alive_;
};

} // namespace

result<std::vector<finding>, std::string> diagnose_mysql(const journal_options& options,
                                                         const diagnosis_limits& limits) {
  if (!is_table_prefix(options.table_prefix))
    return wheelwork::failure("the table prefix `" + options.table_prefix +
                              "` is not usable: letters, digits and _, at most 32, not a digit first");
  const auto place = read_url(options.url);
  if (!place) return wheelwork::failure(place.error());
  try {
    connection_settings settings;
    settings.target = *place;
    settings.shown = place->shown;
    settings.table_prefix = options.table_prefix;
    settings.writes = false;
    settings.call_timeout = call_of_diagnosis;
    connection database{std::move(settings)};
    return examination{database, options, limits}.run();
  } catch (const failure& error) {
    return wheelwork::failure(open_error_text(error, place->shown));
  } catch (const std::exception& error) {
    return wheelwork::failure("the database " + place->shown + " can't be looked at: " + error.what());
  }
}

} // namespace wheelwork::mysql
