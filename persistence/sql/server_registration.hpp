// How a node takes a database on a server: it waits for the lease of the node before it, fences that one, and gets its
// own lease, all in the time of the database. Migrations go the same way, since tables must not change under a node.
//
// `Server` is the dialect of a database with what opening it needs: see persistence/postgres/server.hpp.
#pragma once

#include "persistence/rows.hpp"
#include "persistence/sql/registration.hpp"

#include <limits>
#include <optional>

namespace wheelwork {

/// Texts of opening a database on a server.
struct registration_texts {
  const char* begin; ///< a transaction in which nobody waits for a lock for longer than about a second
  const char* lock_database;
  const char* lock_writers;
  const char* lock_owners; ///< columns: name, milliseconds left of the lease; the longest first
  const char* read_owners; ///< the same without a lock
  const char* read_database;
  const char* read_shards;
  const char* add_node; ///< answers the incarnation
  const char* take_shards;
  const char* fence_writers;
  const char* take_writer;
  const char* fence_nodes;
  const char* drop_idle_nodes;
  const char* end_lease;
};

template <class Rows>
std::optional<held_lease> first_lease(Rows owners) {
  if (!owners.next() || owners->integer(1) <= 0) return std::nullopt;
  return held_lease{std::string{owners->text(0)}, milliseconds{owners->integer(1)}, {}};
}

/// The lease that is in the way of everybody else; it may be renewed or end at any time.
template <class Server>
std::optional<held_lease> current_lease(typename Server::connection& database) {
  return first_lease(database.query(Server::registering.read_owners));
}

/// One try of without_owner().
template <class Server, class Function>
std::optional<held_lease> try_without_owner(typename Server::connection& database, const char* begin, Function& work) {
  database.execute(begin);
  try {
    database.query(Server::registering.lock_database);
    if (auto held = first_lease(database.query(Server::registering.lock_owners))) {
      database.execute("rollback");
      return held;
    }
    work();
    database.execute("commit");
    return std::nullopt;
  } catch (...) {
    database.roll_back();
    throw;
  }
}

/// Does the work in a transaction that begins with `begin`, while no node has the database or can get it. Answers the
/// lease that is in the way; none: it is done. The work may be done several times, where a transaction came to nothing.
template <class Server, class Function>
std::optional<held_lease> without_owner(typename Server::connection& database, const char* begin, Function&& work) {
  constexpr int tries_max = 5;
  for (int tries = 1;; ++tries) {
    try {
      return try_without_owner<Server>(database, begin, work);
    } catch (const typename Server::failure& error) {
      if (tries == tries_max) throw;
      if (Server::is_lock_timeout(error)) {
        // The node that holds the lease may be in the middle of a commit.
        if (auto held = current_lease<Server>(database)) return held;
        // One that was stopped in the middle of a transaction holds its locks although its lease has ended.
        if (!Server::end_blocking_sessions(database) && tries > 1) throw;
      } else if (!Server::worth_repeating(error)) { // a deadlock with another node that starts
        throw;
      }
    }
  }
}

/// From here on whatever the nodes before this still try is refused.
template <class Server>
void fence_all(typename Server::connection& database) {
  database.query(Server::registering.lock_writers);
  database.run(Server::registering.fence_writers);
  database.run(Server::registering.fence_nodes, std::numeric_limits<int64_t>::max());
}

template <class Server>
void take_everything(typename Server::connection& database, const journal_options& options, registration& made) {
  constexpr const registration_texts& sql = Server::registering;
  database.query(sql.lock_writers);
  read_takeovers(database.query(sql.read_shards), *made.takeovers);
  made.self = {options.node_name, 0, options.clock->wall_now(), {}};
  auto added = database.query(sql.add_node, options.node_name, to_column(made.self.started_at), options.lease.count());
  added.next();
  made.self.incarnation = static_cast<uint64_t>(added->integer(0));
  made.writers = options.writers;
  database.run(sql.take_shards, made.self.incarnation);
  database.run(sql.fence_writers);
  for (uint16_t number = 0; number < made.writers; ++number)
    database.run(sql.take_writer, number, made.self.incarnation);
  database.run(sql.fence_nodes, made.self.incarnation);
  database.run(sql.drop_idle_nodes);
}

/// A new incarnation takes the writer rows and all shards. Answers the lease that is in the way; none: they are taken.
/// Throws failure, or std::runtime_error with words for the user.
template <class Server>
std::optional<held_lease> try_to_register(typename Server::connection& database, const journal_options& options,
                                          typename Server::migration_list migrations, registration& made) {
  read_database_row(database.query(Server::registering.read_database), options.shards, made);
  return without_owner<Server>(database, Server::registering.begin, [&] {
    Server::check_not_newer(database, migrations); // a newer node may have been here while this one waited
    take_everything<Server>(database, options, made);
  });
}

} // namespace wheelwork
