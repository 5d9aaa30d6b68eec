#include "persistence/mysql/node_registration.hpp"

#include "persistence/mysql/sql_open.hpp"
#include "persistence/rows.hpp"

#include <algorithm>
#include <map>

namespace wheelwork::mysql {

namespace {

void read_database_row(connection& database, uint16_t shards_wanted, registration& into) {
  auto found = database.query(sql::read_database);
  if (!found.next() || found->text(0).size() != into.secret.size())
    throw std::runtime_error{"its row of the table database is missing"};
  const std::string_view secret = found->text(0);
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
  database.query(sql::lock_writers);
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

/// The lease that is in the way; none: the database is taken.
std::optional<held_lease> try_to_take(connection& database, const journal_options& options, registration& made) {
  database.execute("start transaction");
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

/// Batch and session of each writer row.
using writer_rows = std::map<int64_t, std::pair<int64_t, int64_t>>;

writer_rows read_writers(connection& database, const char* sql) {
  writer_rows found;
  for (auto all = database.query(sql); all.next();) found[all->integer(0)] = {all->integer(2), all->integer(4)};
  return found;
}

/// A node that was stopped in the middle of a transaction holds its locks although its lease has ended: its sessions
/// are ended. They are those that have changed a writer row and not committed it. False: there was none.
bool end_blocking_sessions(connection& database) {
  const writer_rows committed = read_writers(database, sql::committed_writers);
  bool ended = false;
  for (const auto& [writer, seen] : read_writers(database, sql::uncommitted_writers)) {
    const auto before = committed.find(writer);
    if (before != committed.end() && before->second == seen) continue;
    try {
      database.run(sql::end_session, seen.second);
    } catch (const failure& error) {
      if (error.number() != error_number::no_such_session) throw;
    }
    ended = true;
  }
  return ended;
}

std::optional<held_lease> take_or_unblock(connection& database, const journal_options& options, registration& made) {
  constexpr int tries_max = 5;
  for (int tries = 1;; ++tries) {
    try {
      return try_to_take(database, options, made);
    } catch (const failure& error) {
      if (tries == tries_max) throw;
      if (error.number() == error_number::deadlock) continue; // with another node that starts
      if (error.number() != error_number::lock_timeout) throw;
      // The node that holds the lease may be in the middle of a commit.
      if (auto held = first_lease(database.query(sql::read_owners))) return held;
      if (!end_blocking_sessions(database) && tries > 1) throw;
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

} // namespace wheelwork::mysql
