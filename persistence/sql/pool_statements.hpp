// Writes pools, what happened in them and their minutes: few rows, so each goes by itself. The same for every SQL
// database but for the texts.
#pragma once

#include "messages/pool.hpp"
#include "persistence/pool_rows.hpp"
#include "persistence/rows.hpp"
#include "persistence/sql/change_statements.hpp"

namespace wheelwork {

struct pool_write_texts {
  const char* edition; ///< the version of a name
  const char* insert;  ///< name, version, created_at, updated_at, spec
  const char* replace; ///< the same
  const char* remove;
  const char* add_event;
  const char* put_minute;
};

/// The pool parts of a change. Throws change_refused, or the failure of the database.
template <class Connection>
void write_pools(Connection& database, const pool_write_texts& texts, const journal_change& change) {
  const auto version_of = [&](const std::string& name) -> std::optional<uint64_t> {
    auto found = database.query(texts.edition, name);
    if (!found.next()) return std::nullopt;
    return static_cast<uint64_t>(found->integer(0));
  };
  for (const pool_put& put : change.pools_put) {
    const auto found = put.definition ? version_of(put.definition->name) : std::nullopt;
    if (auto fault = fault_of_put(put, found)) throw change_refused{std::move(*fault)};
    const pool_definition& made = *put.definition;
    database.run(put.create ? texts.insert : texts.replace, made.name, made.version, to_column(made.created_at),
                 to_column(made.updated_at), made.spec);
  }
  for (const std::string& name : change.pools_deleted) {
    if (!version_of(name)) refuse(journal_errc::conflict, "there is no pool `" + name + "`");
    database.run(texts.remove, name);
  }
  for (const pool_event& one : change.pool_events)
    database.run(texts.add_event, one.pool, to_column(one.at), number_of(one.kind), one.consumers_before, one.consumers,
                 one.lag, one.messages, one.reason);
  for (const pool_minute& one : change.pool_minutes)
    database.run(texts.put_minute, one.pool, to_column(one.minute), one.node, one.taken, one.succeeded,
                 one.failed_attempts, one.dead_letters, one.lag_max, one.consumers_max);
}

} // namespace wheelwork
