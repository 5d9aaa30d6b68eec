// wheelwork import: settings and waiting work of the services that wheelwork stands in for.
#include "actors/system_clock.hpp"
#include "app/client.hpp"
#include "app/console.hpp"
#include "app/delay_queue_config.hpp"
#include "app/delay_queue_rows.hpp"
#include "app/input.hpp"
#include "app/json_view.hpp"
#include "schedule/time_text.hpp"

#include <CLI/CLI.hpp>

namespace wheelwork {
namespace {

constexpr size_t rows_at_once = 1000;

struct import_options {
  std::string config, database;
  bool dry_run = false, settings_only = false;
};

/// What was done with one row, as a line of the report.
struct row_report {
  int64_t row = 0;
  std::string queue_index, result, job, due_at, call, note;
};

/// Takes over the waiting tasks one by one, so that for each is known whether it was there before.
class task_import {
public:
  task_import(const client_options& client, const import_options& options, const delay_queue_config& config)
      : client_{client}, dry_run_{options.dry_run} {
    how_.rules = rules_of(config.front);
    how_.slots = config.slots;
    how_.now = system_clock{}.wall_now();
    if (!dry_run_) node_.emplace(client);
  }

  /// The exit code; the report stands in lines() whatever it is.
  int run(mysql::delay_queue_reader& rows) {
    how_.table = rows.table();
    progress_line progress;
    for (int64_t last = 0;;) {
      auto some = rows.rows_after(last, rows_at_once);
      if (!some) {
        complain(some.error());
        return refused;
      }
      for (const auto& row : *some) {
        if (const auto code = take(row); code != done) return code;
        last = row.id;
        progress.show(std::to_string(lines_.size()) + " rows");
      }
      if (some->size() < rows_at_once) return refused_rows_ == 0 ? done : refused;
    }
  }

  const std::vector<row_report>& lines() const { return lines_; }
  std::string summary() const {
    const auto jobs = dry_run_ ? std::to_string(lines_.size() - refused_rows_) + " to take"
                               : std::to_string(taken_) + " taken, " + std::to_string(known_) + " taken before";
    return std::to_string(lines_.size()) + " waiting tasks: " + jobs + ", " + std::to_string(refused_rows_) +
           " that can't be taken";
  }

private:
  /// `done` unless there is no sense in going on.
  int take(const mysql::delay_queue_row& row) {
    auto& line = lines_.emplace_back();
    line.row = row.id;
    line.queue_index = row.queue_index;
    const auto made = import_of(row, how_);
    if (!made) {
      refuse(line, made.error());
      return done;
    }
    const auto& http = std::get<http_target>(made->made.made.how->how);
    line.call = http.method + " " + http.url;
    line.due_at = format_time(made->made.made.due_at);
    line.note = made->note;
    line.result = "to take";
    return dry_run_ ? int{done} : push(made->made, line);
  }

  int push(const new_job& made, row_report& line) {
    const auto reply = node_->send({.method = "POST", .path = "/jobs", .body = push_body_of(made)});
    if (!reply) {
      lines_.pop_back();
      return complain_unreachable(client_, reply.error());
    }
    const bool about_this_row = reply->status == 422 || reply->status == 413 || reply->status == 400;
    if (!reply->ok() && !about_this_row) {
      lines_.pop_back();
      complain(reason_of(*reply));
      return refusal_code(*reply);
    }
    if (!reply->ok()) {
      refuse(line, reason_of(*reply));
      return done;
    }
    const auto job = json_of(*reply);
    line.job = cell_of(job, "id");
    line.due_at = cell_of(job, "due_at");
    const bool is_new = reply->status == 201;
    line.result = is_new ? "taken" : "taken before";
    ++(is_new ? taken_ : known_);
    return done;
  }

  void refuse(row_report& line, const std::string& why) {
    line.result = "refused";
    line.note = why;
    ++refused_rows_;
  }

  client_options client_;
  bool dry_run_;
  delay_queue_import how_;
  std::optional<api_client> node_;
  std::vector<row_report> lines_;
  size_t taken_ = 0, known_ = 0, refused_rows_ = 0;
};

nlohmann::json json_of(const row_report& line) {
  const auto text = [](const std::string& any) { return any.empty() ? nlohmann::json(nullptr) : nlohmann::json(any); };
  return {{"row", line.row},        {"queue_index", text(line.queue_index)}, {"result", line.result},
          {"job", text(line.job)},  {"due_at", text(line.due_at)},           {"call", text(line.call)},
          {"note", text(line.note)}};
}

void print_report(const client_options& client, const std::string& toml, const std::vector<row_report>& lines) {
  if (client.json) {
    nlohmann::json report{{"settings", toml}, {"tasks", nlohmann::json::array()}};
    for (const auto& line : lines) report["tasks"].push_back(json_of(line));
    print_line(report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  if (lines.empty()) return;
  text_table table{{"ROW", "QUEUE_INDEX", "RESULT", "JOB", "DUE", "CALL", "NOTE"}};
  const auto cell = [](const std::string& text) { return text.empty() ? "-" : text; };
  for (const auto& line : lines)
    table.add({std::to_string(line.row), cell(line.queue_index), line.result, cell(line.job), cell(line.due_at),
               cell(line.call), cell(line.note)});
  print("\n" + table.text());
}

int import_tasks(const client_options& client, const import_options& options, const delay_queue_config& config,
                 const std::string& toml) {
  const auto& url = options.database.empty() ? config.database_url : options.database;
  auto rows = mysql::delay_queue_reader::open(url, config.table_prefix);
  if (!rows) {
    print_report(client, toml, {});
    complain(rows.error() + "; this is " +
             (options.database.empty() ? "master_db of " + options.config : "--database"));
    return refused;
  }
  task_import tasks{client, options, config};
  const auto code = tasks.run(*rows);
  print_report(client, toml, tasks.lines());
  complain(tasks.summary());
  return code;
}

int run_delay_queue(const client_options& client, const import_options& options) {
  const auto text = read_input(options.config);
  if (!text) {
    complain(text.error());
    return wrong_use;
  }
  const auto config = read_delay_queue_config(*text, options.config);
  if (!config) {
    for (const auto& fault : config.error()) complain(to_string(fault));
    return wrong_use;
  }
  const auto toml = toml_of(*config, options.config);
  if (!client.json) print(toml);
  if (options.settings_only || (options.database.empty() && config->database_url.empty())) {
    print_report(client, toml, {});
    if (!options.settings_only)
      complain(options.config + " names no database (master_db), so there are no tasks to take");
    return done;
  }
  return import_tasks(client, options, *config, toml);
}

} // namespace

void add_import_commands(command_line& line) {
  auto* import = line.root.add_subcommand("import", "take over settings and waiting work of another service");
  import->fallthrough();
  import->require_subcommand(1);
  auto* delay_queue =
      import->add_subcommand("delay_queue", "print the settings for the front of a delay_queue service, and turn the "
                                            "tasks that wait in its database into jobs of the node");
  delay_queue->fallthrough();
  delay_queue->footer(
      "Its programs `main` and `queue` must have been stopped. The database is only read. Each task becomes a job "
      "once, however often this runs.\nExit code 1: not all tasks could be taken; the report says which "
      "and why.");
  auto options = std::make_shared<import_options>();
  delay_queue->add_option("--config", options->config, "its config.yaml, or - for standard input")
      ->required()
      ->type_name("FILE");
  delay_queue
      ->add_option("--database", options->database,
                   "mysql://USER:PASSWORD@HOST:PORT/DATABASE in place of its master_db")
      ->type_name("URL");
  delay_queue->add_flag("--dry-run", options->dry_run, "say what would be taken, change nothing, need no node");
  delay_queue->add_flag("--settings-only", options->settings_only, "print the settings and leave the tasks alone");
  delay_queue->callback(
      [&line, options] { line.chosen = [&line, options] { return run_delay_queue(line.client, *options); }; });
}

} // namespace wheelwork
