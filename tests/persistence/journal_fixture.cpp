#include "tests/persistence/journal_fixture.hpp"

#include "messages/json.hpp"
#include "persistence/memory/memory_journal.hpp"
#include "tests/support/mariadb_server.hpp"
#include "tests/support/postgres_server.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cctype>
#include <cstdlib>

namespace wheelwork::testing_journal {

namespace {

journal_options options_for(const std::string& url, const clock_source& clock) {
  journal_options options;
  options.url = url;
  options.node_name = "node-a";
  options.clock = &clock;
  return options;
}

std::unique_ptr<journal> open_or_throw(const journal_options& options) {
  auto opened = open_journal(options);
  if (!opened) throw std::runtime_error{opened.error()};
  return std::move(*opened);
}

std::string memory_name(const temporary_folder& folder) { return folder.path.string(); }

} // namespace

temporary_folder::temporary_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "wheelwork-journal-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error{"no folder for the test: " + name};
  path = name;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored; // what a test leaves behind in /tmp is no reason to fail it
  std::filesystem::remove_all(path, ignored);
}

std::string prefix_of(const temporary_folder& folder) {
  const std::string name = folder.path.filename().string();
  std::string prefix = "t" + name.substr(name.rfind('-') + 1) + "_";
  for (char& any : prefix) any = static_cast<char>(std::tolower(any)); // as Postgres shows it
  return prefix;
}

wall_time at(int64_t offset_ms) { return wall_time{milliseconds{1'790'000'000'000 + offset_ms}}; }

resolved_target_ptr native(const std::string& handler, const std::string& other_members) {
  const auto body =
      nlohmann::json::parse(R"({"target":{"native":{"handler":")" + handler + "\"}}" + other_members + "}");
  auto made = resolved_target_from_json(body, json_context{});
  if (!made) throw std::runtime_error{made.error().at(0).pointer + ": " + made.error().at(0).message};
  return std::make_shared<const resolved_target>(std::move(*made));
}

new_job pushed(uint64_t id, wall_time due, const std::string& handler) {
  new_job made;
  made.made.id = job_id{id};
  made.made.due_at = due;
  made.made.how = native(handler);
  made.made.body = payload::json("{\"n\":" + std::to_string(id) + "}");
  made.created_at = at(0);
  return made;
}

new_job fired(uint64_t id, task_id task, wall_time fire_time) {
  new_job made = pushed(id, fire_time);
  made.made.task = task;
  made.made.fire_time = fire_time;
  made.made.origin = job_origin::fire;
  return made;
}

journal_change inserting(std::vector<new_job> jobs, uint16_t shard) {
  journal_change change;
  change.shard = shard_id{shard};
  change.inserts = std::move(jobs);
  return change;
}

attempt_record tried(uint32_t number, attempt_outcome outcome, wall_time started, wall_time finished) {
  attempt_record made;
  made.number = number;
  made.node = "node-a";
  made.started_at = started;
  made.finished_at = finished;
  made.outcome = outcome;
  return made;
}

job_end ending(uint64_t id, job_state state, uint32_t attempt) {
  job_end end;
  end.id = job_id{id};
  end.state = state;
  end.finished_at = at(5000);
  end.attempt = attempt;
  const auto outcome = state == job_state::succeeded ? attempt_outcome::succeeded : attempt_outcome::failed;
  if (state != job_state::cancelled) end.last = tried(attempt, outcome, at(4000), at(5000));
  return end;
}

task_ptr task_named(const std::string& name, uint64_t id, const std::string& other_members, uint64_t version) {
  const std::string text =
      R"({"schedule":{"cron":"* * * * *"},"target":{"native":{"handler":"noop"}},"payload":{"b": 1,"a":2})" +
      other_members + "}";
  auto made = task_from_text(text, name, json_context{});
  if (!made) throw std::runtime_error{made.error().at(0).pointer + ": " + made.error().at(0).message};
  made->id = task_id{id};
  made->version = version;
  made->created_at = at(-1000);
  made->updated_at = at(-500);
  made->spec = task_to_text(*made);
  return std::make_shared<const task_definition>(std::move(*made));
}

journal_change creating(task_ptr task, uint16_t shard) {
  journal_change change;
  change.shard = shard_id{shard};
  task_put& put = change.tasks_put.emplace_back();
  put.state.task = task->id;
  put.state.fired_until = at(0);
  put.definition = std::move(task);
  put.create = true;
  return change;
}

std::vector<uint64_t> ids_of(const std::vector<job>& jobs) {
  std::vector<uint64_t> ids;
  for (const job& one : jobs) ids.push_back(value_of(one.id));
  return ids;
}

std::vector<uint64_t> ids_of(const std::vector<job_view>& jobs) {
  std::vector<uint64_t> ids;
  for (const job_view& one : jobs) ids.push_back(value_of(one.what.id));
  return ids;
}

std::vector<backend> all_backends() {
  return {{"memory",
           [](const temporary_folder& folder, const clock_source& clock) {
             return open_or_throw(options_for("memory://" + memory_name(folder), clock));
           }},
          {"sqlite",
           [](const temporary_folder& folder, const clock_source& clock) {
             return open_or_throw(options_for("sqlite://" + (folder.path / "journal.db").string(), clock));
           }},
          {"postgres",
           [](const temporary_folder& folder, const clock_source& clock) {
             auto options = options_for(postgres_server::of_process().url(), clock);
             options.table_prefix = prefix_of(folder);
             // No test waits for the lease of a node that it killed.
             options.wait_for_lease = [&options](const held_lease&) {
               postgres_server::of_process().execute("update " + options.table_prefix + "node set lease_ends = 0");
               return true;
             };
             return open_or_throw(options);
           },
           &postgres_server::missing},
          {"mariadb",
           [](const temporary_folder& folder, const clock_source& clock) {
             auto options = options_for(mariadb_server::of_process().url(), clock);
             options.table_prefix = prefix_of(folder);
             options.wait_for_lease = [&options](const held_lease&) {
               mariadb_server::of_process().execute("update " + options.table_prefix + "node set lease_ends = 0");
               return true;
             };
             return open_or_throw(options);
           },
           &mariadb_server::missing}};
}

const std::string& never_missing() {
  static const std::string none;
  return none;
}

std::vector<backend> databases() {
  auto all = all_backends();
  all.erase(all.begin());
  return all;
}

void journal_test::SetUp() {
  if (const std::string& missing = GetParam().missing(); !missing.empty()) GTEST_SKIP() << missing;
  start();
}

void journal_test::start() {
  kept_data_ = memory::database_named(memory_name(folder_));
  journal_ = GetParam().open(folder_, clock_);
  writer_ = journal_->open_writer();
  reader_ = journal_->open_reader();
}

void journal_test::restart() {
  reader_.reset();
  writer_.reset();
  journal_.reset();
  start();
}

std::vector<journal_receipt> journal_test::commit(std::vector<journal_change> changes) {
  auto receipts = writer_->commit(changes);
  if (!receipts) {
    ADD_FAILURE() << receipts.error().message;
    return std::vector<journal_receipt>(changes.size());
  }
  for (const journal_receipt& one : *receipts)
    if (one.error) ADD_FAILURE() << "ticket " << one.ticket << ": " << one.error->message;
  return std::move(*receipts);
}

journal_error journal_test::refused(journal_change change) {
  auto receipts = writer_->commit({std::move(change)});
  if (!receipts) {
    ADD_FAILURE() << "the whole commit failed: " << receipts.error().message;
    return {};
  }
  EXPECT_TRUE(receipts->at(0).error) << "the change was applied";
  return receipts->at(0).error.value_or(journal_error{});
}

job_view journal_test::job_of(uint64_t id) {
  auto found = reader_->find_job(job_id{id});
  if (!found || !*found) {
    ADD_FAILURE() << "job " << id << " was not found";
    return job_view{};
  }
  return **found;
}

bool journal_test::has_job(uint64_t id) {
  auto found = reader_->find_job(job_id{id});
  return found && found->has_value();
}

} // namespace wheelwork::testing_journal
