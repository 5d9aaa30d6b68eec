#include "persistence/postgres/node_registration.hpp"

#include "persistence/postgres/error_text.hpp"
#include "persistence/postgres/sql_open.hpp"
#include "persistence/postgres/sql_write.hpp"

#include <algorithm>

namespace wheelwork::postgres {

namespace {

void read_database_row(connection& database, uint16_t shards_wanted, registration& into) {
  auto found = database.query(sql::read_database);
  if (!found.next() || found->bytes(0).size() != into.secret.size())
    throw std::runtime_error{"its row of the table database is missing"};
  const std::string_view secret = found->bytes(0);
  std::copy(secret.begin(), secret.end(), into.secret.begin());
  into.shards = static_cast<uint16_t>(found->integer(1));
  if (into.shards != shards_wanted)
    throw std::runtime_error{"it was made with " + std::to_string(into.shards) +
                             " shards, and that number is fixed: set cluster.shards = " + std::to_string(into.shards) +
                             " (it is " + std::to_string(shards_wanted) + ")"};
}

std::optional<held_lease> first_lease(rows owners) {
  if (!owners.next() || owners->integer(1) <= 0) return std::nullopt;
  return held_lease{std::string{owners->text(0)}, milliseconds{owners->integer(1)}};
}

void take_everything(connection& database, const journal_options& options, registration& made) {
  made.takeovers->clear();
  for (auto shards = database.query(sql::read_shards); shards.next();) {
    const bool released = shards->integer(1) != 0;
    made.takeovers->push_back({released, released ? wall_time{} : to_time(shards->integer(2))});
  }
  made.self = {options.node_name, 0, options.clock->wall_now(), {}};
  auto added = database.query(sql::add_node, options.node_name, to_column(made.self.started_at), options.lease.count());
  added.next();
  made.self.incarnation = static_cast<uint64_t>(added->integer(0));
  made.writers = options.writers;
  database.run(sql::take_shards, made.self.incarnation);
  database.run(sql::fence_writers);
  for (uint16_t number = 0; number < made.writers; ++number)
    database.run(sql::take_writer, number, made.self.incarnation);
  database.run(sql::fence_nodes, made.self.incarnation);
  database.run(sql::drop_idle_nodes);
}

constexpr char lock_timeout_reached[] = "55P03";

/// The lease that is in the way; none: the database is taken.
std::optional<held_lease> try_to_take(connection& database, const journal_options& options, registration& made) {
  database.execute(std::string{sql::begin_write} + "; set local lock_timeout = '500ms'");
  try {
    database.query(sql::lock_database);
    auto held = first_lease(database.query(sql::lock_owners));
    if (held) {
      database.execute("rollback");
      return held;
    }
    take_everything(database, options, made);
    database.execute("commit");
    return std::nullopt;
  } catch (...) {
    database.roll_back();
    throw;
  }
}

/// A node that was stopped in the middle of a transaction holds its locks although its lease has ended: its sessions
/// are ended. False: there was none.
bool end_blocking_sessions(connection& database) {
  auto ended = database.query(sql::end_blocking_sessions, database.with_table_prefix_of("ww_writer"),
                              database.with_table_prefix_of("ww_node"));
  return ended.next() && ended->integer(0) > 0;
}

std::optional<held_lease> take_or_unblock(connection& database, const journal_options& options, registration& made) {
  constexpr int tries_max = 3;
  for (int tries = 1;; ++tries) {
    try {
      return try_to_take(database, options, made);
    } catch (const failure& error) {
      if (!error.is(lock_timeout_reached) || tries == tries_max) throw;
      // The node that holds the lease may be in the middle of a commit.
      if (auto held = first_lease(database.query(sql::read_owners))) return held;
      if (!end_blocking_sessions(database)) throw;
    }
  }
}

} // namespace

registration register_node(connection& database, const journal_options& options) {
  registration made;
  read_database_row(database, options.shards, made);
  while (const auto held = take_or_unblock(database, options, made)) {
    if (!options.wait_for_lease || !options.wait_for_lease(*held))
      throw std::runtime_error{"it is in use by the node " + held->node + ", whose lease lasts for " +
                               std::to_string(held->left.count()) +
                               " ms more: stop that node first, or name another database"};
  }
  return made;
}

void end_lease(connection& database, uint64_t incarnation) { database.run(sql::end_lease, incarnation); }

} // namespace wheelwork::postgres
