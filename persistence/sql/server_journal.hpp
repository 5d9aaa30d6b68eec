// The journal in a database on a server: opening, upgrading and closing one. What a server does in its own way is in
// `Server`: see persistence/postgres/server.hpp and persistence/mysql/server.hpp.
#pragma once

#include "persistence/sql/batch_writer.hpp"
#include "persistence/sql/migration_list.hpp"
#include "persistence/sql/reader.hpp"
#include "persistence/sql/server_registration.hpp"

namespace wheelwork {

template <class Server>
class server_journal final : public journal {
public:
  using connection_settings = typename Server::connection_settings;
  using failure = typename Server::failure;

  server_journal(connection_settings settings, registration registered, const clock_source* clock)
      : settings_{std::move(settings)}, writing_{Server::for_writing(settings_)},
        registered_{std::move(registered)}, clock_{clock} {}

  /// Gives up the lease, so that the next node need not wait for it.
  ~server_journal() override {
    try {
      connection_settings once = settings_;
      once.faults = nullptr;
      once.call_timeout = milliseconds{2000};
      typename Server::connection database{std::move(once)};
      database.run(Server::registering.end_lease, registered_.self.incarnation);
    } catch (const std::exception&) {
      return; // it ends by itself soon
    }
  }

  std::unique_ptr<journal_writer> open_writer(uint16_t number) override {
    if (number >= registered_.writers)
      throw std::runtime_error{"there is no writer " + std::to_string(number) + " among the " +
                               std::to_string(registered_.writers) + " of this node"};
    const writer_identity identity{number, registered_.self.incarnation};
    return named([&] {
      return std::make_unique<batch_writer<typename Server::dialect>>(writing_, identity, registered_.self, clock_,
                                                                      uses_);
    });
  }
  uint16_t writers() const override { return registered_.writers; }
  std::unique_ptr<journal_reader> open_reader() override {
    connection_settings reading = Server::for_reading(settings_);
    reading.call_timeout = call_of_reader;
    reading.faults = nullptr;
    return named([&] {
      return std::make_unique<sql_reader<typename Server::dialect>>(std::move(reading), registered_.takeovers);
    });
  }
  const std::array<uint8_t, 16>& database_secret() const override { return registered_.secret; }
  uint16_t shards() const override { return registered_.shards; }
  const node_record& self() const override { return registered_.self; }

private:
  static constexpr milliseconds call_of_reader{60'000};

  template <class Function>
  auto named(Function&& function) -> decltype(function()) {
    try {
      return function();
    } catch (const failure& error) {
      throw std::runtime_error{Server::open_error_text(error, settings_.shown)};
    }
  }

  connection_settings settings_, writing_;
  registration registered_;
  const clock_source* clock_;
  std::shared_ptr<target_uses> uses_ = std::make_shared<target_uses>(); ///< of all writers
};

/// What all calls that open a database have in common: every error becomes a text that begins with its name.
template <class Server, class Function>
auto with_server(const journal_options& options, Function&& function)
    -> decltype(function(std::declval<typename Server::connection_settings>())) {
  if (const std::string fault = fault_of(options); !fault.empty()) return failure(fault);
  auto settings = Server::settings_for(options.url);
  if (!settings) return failure(settings.error());
  settings->table_prefix = options.table_prefix;
  const std::string shown = settings->shown;
  try {
    return function(std::move(*settings));
  } catch (const typename Server::failure& error) {
    return failure(Server::open_error_text(error, shown));
  } catch (const std::exception& error) {
    return failure("the database " + shown + " can't be used: " + error.what());
  }
}

/// Answers the lease that is in the way of tables that exist; none: they have the newest version.
template <class Server>
std::optional<held_lease> upgrade(typename Server::connection_settings settings, uint16_t shards,
                                  typename Server::migration_list migrations) {
  settings.call_timeout = milliseconds{10 * 60 * 1000}; // it may rewrite a large table
  typename Server::connection patient{std::move(settings)};
  return Server::apply_migrations(patient, shards, migrations);
}

/// One look: answers the lease that is in the way; none: the database has all tables, and this node has the database.
template <class Server>
std::optional<held_lease> try_to_take(typename Server::connection& database, const journal_options& options,
                                      typename Server::migration_list migrations, registration& made) {
  Server::check_not_newer(database, migrations);
  const migration_status status = Server::read_migration_status(database, migrations);
  check_may_migrate(status, options);
  if (!status.pending.empty()) {
    if (status.version > 0)
      if (auto held = current_lease<Server>(database)) return held;
    if (auto held = upgrade<Server>(database.settings(), options.shards, migrations)) return held;
  }
  return try_to_register<Server>(database, options, migrations, made);
}

/// Waits for the lease of another node as long as options.wait_for_lease wants, then migrates, then registers. A node
/// that has begun to wait goes on with it when the server is away for a while. Throws failure, or std::runtime_error
/// with words for the user.
template <class Server>
registration take_database(const typename Server::connection_settings& settings, const journal_options& options,
                           typename Server::migration_list migrations) {
  constexpr milliseconds shortest_pause{100}, longest_pause{5'000};
  registration made;
  std::optional<held_lease> awaited;
  for (milliseconds pause = shortest_pause;;) {
    try {
      typename Server::connection database{settings};
      while (auto held = try_to_take<Server>(database, options, migrations, made)) {
        pause = shortest_pause;
        awaited = held;
        if (!options.wait_for_lease || !options.wait_for_lease(*held))
          throw std::runtime_error{"it is in use by the node " + held->node + ", whose lease lasts for " +
                                   std::to_string(held->left.count()) +
                                   " ms more: stop that node first, or name another database"};
      }
      return made;
    } catch (const typename Server::failure& error) {
      auto why = Server::to_journal_error(error, settings.shown);
      if (!awaited || why.code != journal_errc::unavailable) throw;
      if (!options.wait_for_lease({awaited->node, pause, std::move(why.message)})) throw;
      pause = std::min(2 * pause, longest_pause);
    }
  }
}

template <class Server>
result<std::unique_ptr<journal>, std::string> open_server_journal(const journal_options& options,
                                                                  typename Server::fault_ptr faults,
                                                                  typename Server::migration_list migrations) {
  using answer = result<std::unique_ptr<journal>, std::string>;
  if (!options.clock) return failure(std::string{"journal_options.clock must be set"});
  return with_server<Server>(options, [&](typename Server::connection_settings settings) -> answer {
    registration registered = take_database<Server>(settings, options, migrations);
    settings.faults = std::move(faults);
    return std::make_unique<server_journal<Server>>(std::move(settings), std::move(registered), options.clock);
  });
}

template <class Server>
result<migration_status, std::string> server_migration_status(const journal_options& options,
                                                              typename Server::migration_list migrations) {
  using answer = result<migration_status, std::string>;
  return with_server<Server>(options, [&](typename Server::connection_settings settings) -> answer {
    typename Server::connection database{std::move(settings)};
    return Server::read_migration_status(database, migrations);
  });
}

/// Refuses a database that a node has, unless there is nothing to migrate.
template <class Server>
result<migration_status, std::string> migrate_server(const journal_options& options,
                                                     typename Server::migration_list migrations) {
  using answer = result<migration_status, std::string>;
  return with_server<Server>(options, [&](const typename Server::connection_settings& settings) -> answer {
    typename Server::connection database{settings};
    Server::check_not_newer(database, migrations);
    const migration_status before = Server::read_migration_status(database, migrations);
    if (before.pending.empty()) return before; // also beside a running node
    if (const auto held = upgrade<Server>(settings, options.shards, migrations))
      throw std::runtime_error{"its tables have version " + std::to_string(before.version) + " and need " +
                               std::to_string(before.newest) + ", and they are in use by the node " + held->node +
                               ": stop that node first, or start this version beside it as its standby, which migrates "
                               "when it takes over"};
    return Server::read_migration_status(database, migrations);
  });
}

} // namespace wheelwork
