#include "persistence/mysql/mysql_journal.hpp"

#include "persistence/mysql/error_text.hpp"
#include "persistence/mysql/migrations.hpp"
#include "persistence/mysql/node_registration.hpp"
#include "persistence/mysql/reader.hpp"
#include "persistence/mysql/url.hpp"
#include "persistence/mysql/writer.hpp"
#include "persistence/table_prefix.hpp"

namespace wheelwork::mysql {

namespace {

constexpr milliseconds call_of_migration{10 * 60 * 1000}; // an upgrade may rewrite a large table
constexpr milliseconds call_of_reader{60'000};

class mysql_journal final : public journal {
public:
  mysql_journal(connection_settings settings, registration registered, const clock_source* clock)
      : settings_{std::move(settings)}, registered_{std::move(registered)}, clock_{clock} {}
  ~mysql_journal() override {
    try {
      connection_settings once = settings_;
      once.faults = nullptr;
      once.call_timeout = milliseconds{2000};
      connection database{once};
      end_lease(database, registered_.self.incarnation);
    } catch (const std::exception&) {
      return; // the lease ends by itself soon
    }
  }

  std::unique_ptr<journal_writer> open_writer(uint16_t number) override {
    if (number >= registered_.writers)
      throw std::runtime_error{"there is no writer " + std::to_string(number) + " among the " +
                               std::to_string(registered_.writers) + " of this node"};
    const writer_identity identity{number, registered_.self.incarnation};
    return named([&] { return std::make_unique<writer>(settings_, identity, registered_.self, clock_, uses_); });
  }
  uint16_t writers() const override { return registered_.writers; }
  std::unique_ptr<journal_reader> open_reader() override {
    connection_settings reading = settings_;
    reading.call_timeout = call_of_reader;
    reading.faults = nullptr;
    reading.writes = false;
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
      throw std::runtime_error{open_error_text(error, settings_.shown)};
    }
  }

  connection_settings settings_;
  registration registered_;
  const clock_source* clock_;
  std::shared_ptr<target_uses> uses_ = std::make_shared<target_uses>(); ///< of all writers
};

// What all calls that open a database have in common: every error becomes a text that begins with its name.
template <class Function>
auto with_database(const journal_options& options, Function&& function)
    -> decltype(function(std::declval<connection_settings>())) {
  if (!is_table_prefix(options.table_prefix))
    return wheelwork::failure("the table prefix `" + options.table_prefix +
                              "` is not usable: letters, digits and _, at most 32, not a digit first");
  if (options.shards == 0 || options.shards > 1024)
    return wheelwork::failure("the number of shards must be from 1 to 1024, not " + std::to_string(options.shards));
  if (options.writers == 0 || options.writers > 64)
    return wheelwork::failure("the number of writers must be from 1 to 64, not " + std::to_string(options.writers));
  const auto place = read_url(options.url);
  if (!place) return wheelwork::failure(place.error());
  try {
    connection_settings settings;
    settings.target = *place;
    settings.shown = place->shown;
    settings.table_prefix = options.table_prefix;
    return function(std::move(settings));
  } catch (const failure& error) {
    return wheelwork::failure(open_error_text(error, place->shown));
  } catch (const std::exception& error) {
    return wheelwork::failure("the database " + place->shown + " can't be used: " + error.what());
  }
}

} // namespace

result<std::unique_ptr<journal>, std::string> open_mysql_journal(const journal_options& options,
                                                                 commit_fault_ptr faults) {
  using answer = result<std::unique_ptr<journal>, std::string>;
  if (!options.clock) return wheelwork::failure(std::string{"journal_options.clock must be set"});
  return with_database(options, [&](connection_settings settings) -> answer {
    registration registered;
    {
      connection_settings opening = settings;
      opening.call_timeout = call_of_migration;
      connection database{opening};
      const migration_status status = read_migration_status(database);
      if (!options.migrate && !status.pending.empty())
        throw std::runtime_error{"its tables have version " + std::to_string(status.version) + " and need " +
                                 std::to_string(status.newest) +
                                 ": run `wheelwork migrate`, or set database.migrate = true"};
      apply_migrations(database, options.shards);
      registered = register_node(database, options);
    }
    settings.faults = std::move(faults);
    return std::make_unique<mysql_journal>(std::move(settings), std::move(registered), options.clock);
  });
}

result<migration_status, std::string> mysql_migration_status(const journal_options& options) {
  using answer = result<migration_status, std::string>;
  return with_database(options, [](connection_settings settings) -> answer {
    connection database{std::move(settings)};
    return read_migration_status(database);
  });
}

result<migration_status, std::string> migrate_mysql(const journal_options& options) {
  using answer = result<migration_status, std::string>;
  return with_database(options, [&](connection_settings settings) -> answer {
    settings.call_timeout = call_of_migration;
    connection database{std::move(settings)};
    return apply_migrations(database, options.shards);
  });
}

} // namespace wheelwork::mysql
