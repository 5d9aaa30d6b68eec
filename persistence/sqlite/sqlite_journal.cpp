#include "persistence/sqlite/sqlite_journal.hpp"

#include "persistence/sqlite/error_text.hpp"
#include "persistence/sqlite/file_system.hpp"
#include "persistence/sqlite/lock_file.hpp"
#include "persistence/sqlite/migrations.hpp"
#include "persistence/sqlite/reader.hpp"
#include "persistence/sqlite/sql_open.hpp"
#include "persistence/sqlite/writer.hpp"

#include <filesystem>

namespace wheelwork::sqlite {

namespace {

struct registration {
  writer_identity identity;
  node_record self;
  std::array<uint8_t, 16> secret{};
  uint16_t shards = 0;
  std::shared_ptr<shard_takeovers> takeovers = std::make_shared<shard_takeovers>();
};

class sqlite_journal final : public journal {
public:
  sqlite_journal(lock_file lock, connection_settings settings, registration registered, const clock_source* clock)
      : lock_{std::move(lock)}, settings_{std::move(settings)}, registered_{std::move(registered)}, clock_{clock} {}

  std::unique_ptr<journal_writer> open_writer(uint16_t number) override {
    // A file has one writer at a time, so a second connection would only wait for the first.
    if (number != 0) throw std::runtime_error{"SQLite has one writer, number 0, not " + std::to_string(number)};
    return named([&] { return std::make_unique<writer>(settings_, registered_.identity, registered_.self, clock_); });
  }
  std::unique_ptr<journal_reader> open_reader() override {
    connection_settings reading = settings_;
    reading.read_only = true;
    reading.faults = nullptr;
    return named([&] { return std::make_unique<reader>(reading, registered_.takeovers); });
  }
  const std::array<uint8_t, 16>& database_secret() const override { return registered_.secret; }
  uint16_t shards() const override { return registered_.shards; }
  const node_record& self() const override { return registered_.self; }

private:
  template <class Function>
  auto named(Function&& function) -> decltype(function()) {
    try {
      return function();
    } catch (const failure& error) {
      throw std::runtime_error{open_error_text(error, settings_.path)};
    }
  }

  lock_file lock_;
  connection_settings settings_;
  registration registered_;
  const clock_source* clock_;
};

void read_database_row(connection& database, uint16_t shards_wanted, registration& into) {
  auto rows = database.query(sql::read_database);
  if (!rows.next() || rows->text(0).size() != into.secret.size())
    throw std::runtime_error{"its row of the table database is missing"};
  const std::string_view secret = rows->text(0);
  std::copy(secret.begin(), secret.end(), into.secret.begin());
  into.shards = static_cast<uint16_t>(rows->integer(1));
  if (into.shards != shards_wanted)
    throw std::runtime_error{"it was made with " + std::to_string(into.shards) +
                             " shards, and that number is fixed: set cluster.shards = " + std::to_string(into.shards) +
                             " (it is " + std::to_string(shards_wanted) + ")"};
}

// A new incarnation takes the writer row and all shards; from here on whatever an older one still tries is fenced.
registration register_node(connection& database, const journal_options& options) {
  registration made;
  read_database_row(database, options.shards, made);
  database.execute("begin immediate");
  try {
    for (auto rows = database.query(sql::read_shards); rows.next();) {
      const bool released = rows->integer(1) != 0;
      made.takeovers->push_back({released, released ? wall_time{} : to_time(rows->integer(2))});
    }
    made.self = {options.node_name, 0, options.clock->wall_now(), {}};
    database.run(sql::add_node, options.node_name, to_column(made.self.started_at));
    made.self.incarnation = static_cast<uint64_t>(database.last_insert_id());
    made.identity = {0, made.self.incarnation};
    database.run(sql::take_shards, made.self.incarnation);
    database.run(sql::take_writer, static_cast<int64_t>(made.identity.writer), made.identity.incarnation);
    database.run(sql::drop_idle_nodes);
    database.execute("commit");
  } catch (...) {
    database.roll_back();
    throw;
  }
  return made;
}

// What all calls that open a database file have in common: every error becomes a text that begins with the path.
template <class Function>
auto with_file(const journal_options& options, bool create_folder, Function&& function)
    -> decltype(function(std::declval<connection_settings>())) {
  if (!is_table_prefix(options.table_prefix))
    return wheelwork::failure("the table prefix `" + options.table_prefix +
                              "` is not usable: letters, digits and _, at most 32, not a digit first");
  if (options.shards == 0 || options.shards > 1024)
    return wheelwork::failure("the number of shards must be from 1 to 1024, not " + std::to_string(options.shards));
  const auto place = place_of_database(options.url, create_folder);
  if (!place) return wheelwork::failure(place.error());
  try {
    return function(connection_settings{.path = *place, .table_prefix = options.table_prefix, .faults = nullptr});
  } catch (const failure& error) {
    return wheelwork::failure(open_error_text(error, *place));
  } catch (const std::exception& error) {
    return wheelwork::failure("the database " + *place + " can't be used: " + error.what());
  }
}

} // namespace

result<std::unique_ptr<journal>, std::string> open_sqlite_journal(const journal_options& options,
                                                                  commit_fault_ptr faults) {
  using answer = result<std::unique_ptr<journal>, std::string>;
  if (!options.clock) return wheelwork::failure(std::string{"journal_options.clock must be set"});
  return with_file(options, true, [&](connection_settings settings) -> answer {
    auto lock = lock_file::take(settings.path, options.node_name);
    if (!lock) return wheelwork::failure(lock.error());
    registration registered;
    {
      connection database{settings};
      database.checkpoint(); // what the last node left is on the disk before anything follows from it
      const migration_status status = read_migration_status(database);
      if (!options.migrate && !status.pending.empty())
        throw std::runtime_error{"its tables have version " + std::to_string(status.version) + " and need " +
                                 std::to_string(status.newest) +
                                 ": run `wheelwork migrate`, or set database.migrate = true"};
      apply_migrations(database, options.shards);
      registered = register_node(database, options);
    }
    settings.faults = std::move(faults);
    return std::make_unique<sqlite_journal>(std::move(*lock), std::move(settings), std::move(registered),
                                            options.clock);
  });
}

result<migration_status, std::string> sqlite_migration_status(const journal_options& options) {
  using answer = result<migration_status, std::string>;
  return with_file(options, false, [](connection_settings settings) -> answer {
    settings.read_only = true;
    if (!std::filesystem::exists(settings.path)) settings.path = ":memory:"; // nothing there yet: all is pending
    connection database{settings};
    return read_migration_status(database);
  });
}

result<migration_status, std::string> migrate_sqlite(const journal_options& options) {
  using answer = result<migration_status, std::string>;
  if (auto status = sqlite_migration_status(options);
      status && status->pending.empty() && status->version == status->newest)
    return status; // also beside a running node
  return with_file(options, true, [&](const connection_settings& settings) -> answer {
    auto lock = lock_file::take(settings.path, "migrate");
    if (!lock) return wheelwork::failure(lock.error());
    connection database{settings};
    return apply_migrations(database, options.shards);
  });
}

} // namespace wheelwork::sqlite
