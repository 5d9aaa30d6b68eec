#include "persistence/sqlite/sqlite_journal.hpp"

#include "persistence/sql/registration.hpp"
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

class sqlite_journal final : public journal {
public:
  sqlite_journal(lock_file lock, connection_settings settings, registration registered, const clock_source* clock)
      : lock_{std::move(lock)}, settings_{std::move(settings)}, registered_{std::move(registered)}, clock_{clock} {}

  std::unique_ptr<journal_writer> open_writer(uint16_t number) override {
    // A file has one writer at a time, so a second connection would only wait for the first.
    if (number != 0) throw std::runtime_error{"SQLite has one writer, number 0, not " + std::to_string(number)};
    return named([&] {
      return std::make_unique<writer>(settings_, writer_identity{0, registered_.self.incarnation}, registered_.self,
                                      clock_);
    });
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

// A new incarnation takes the writer row and all shards; from here on whatever an older one still tries is fenced.
registration register_node(connection& database, const journal_options& options) {
  registration made;
  read_database_row(database.query(sql::read_database), options.shards, made);
  database.execute("begin immediate");
  try {
    read_takeovers(database.query(sql::read_shards), *made.takeovers);
    made.self = {options.node_name, 0, options.clock->wall_now(), {}};
    database.run(sql::add_node, options.node_name, to_column(made.self.started_at));
    made.self.incarnation = static_cast<uint64_t>(database.last_insert_id());
    database.run(sql::take_shards, made.self.incarnation);
    database.run(sql::take_writer, int64_t{0}, made.self.incarnation);
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
  if (const std::string fault = fault_of(options); !fault.empty()) return wheelwork::failure(fault);
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
                                                                  commit_fault_ptr faults, migration_list migrations) {
  using answer = result<std::unique_ptr<journal>, std::string>;
  if (!options.clock) return wheelwork::failure(std::string{"journal_options.clock must be set"});
  return with_file(options, true, [&](connection_settings settings) -> answer {
    auto lock = lock_file::take(settings.path, options.node_name);
    if (!lock) return wheelwork::failure(lock.error());
    registration registered;
    {
      connection database{settings};
      database.checkpoint(); // what the last node left is on the disk before anything follows from it
      check_may_migrate(read_migration_status(database, migrations), options);
      apply_migrations(database, options.shards, migrations);
      registered = register_node(database, options);
    }
    settings.faults = std::move(faults);
    return std::make_unique<sqlite_journal>(std::move(*lock), std::move(settings), std::move(registered),
                                            options.clock);
  });
}

namespace {

result<migration_status, std::string> status_of(const journal_options& options, migration_list migrations) {
  using answer = result<migration_status, std::string>;
  return with_file(options, false, [&](connection_settings settings) -> answer {
    settings.read_only = true;
    if (!std::filesystem::exists(settings.path)) settings.path = ":memory:"; // nothing there yet: all is pending
    connection database{settings};
    return read_migration_status(database, migrations);
  });
}

} // namespace

result<migration_status, std::string> sqlite_migration_status(const journal_options& options) {
  return status_of(options, all_migrations());
}

result<migration_status, std::string> migrate_sqlite(const journal_options& options, migration_list migrations) {
  using answer = result<migration_status, std::string>;
  if (auto status = status_of(options, migrations);
      status && status->pending.empty() && status->version == status->newest)
    return status; // also beside a running node
  return with_file(options, true, [&](const connection_settings& settings) -> answer {
    auto lock = lock_file::take(settings.path, "migrate");
    if (!lock) return wheelwork::failure(lock.error());
    connection database{settings};
    return apply_migrations(database, options.shards, migrations);
  });
}

} // namespace wheelwork::sqlite
