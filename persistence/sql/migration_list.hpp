// Versions of the tables: what each backend's list of migrations has in common. A list can be given to whoever opens a
// database, so that a test can be older or newer than this program.
#pragma once

#include "persistence/journal.hpp"

#include <span>
#include <stdexcept>

namespace wheelwork {

/// From the version before to this one. `Statements`: what the backend takes.
template <class Statements>
struct basic_migration {
  uint32_t version;
  const char* name;
  Statements sql;
};
/// In the order of their versions: 1, 2, ….
template <class Statements>
using basic_migration_list = std::span<const basic_migration<Statements>>;

/// Null: the tables have the newest version.
template <class Migration>
const Migration* next_after(uint32_t version, std::span<const Migration> all) {
  for (const Migration& one : all)
    if (one.version > version) return &one;
  return nullptr;
}

template <class Migration>
migration_status status_at(uint32_t version, std::span<const Migration> all) {
  migration_status status{.version = version, .newest = all.back().version, .pending = {}};
  for (const Migration& one : all)
    if (one.version > version) status.pending.emplace_back(std::to_string(one.version) + ": " + one.name);
  return status;
}

/// Throws std::runtime_error with words for the user.
template <class Migration>
void check_not_newer(uint32_t version, std::span<const Migration> all) {
  if (version > all.back().version)
    throw std::runtime_error{"its tables have version " + std::to_string(version) +
                             ", this program knows versions up to " + std::to_string(all.back().version) +
                             ": start a newer wheelwork, or restore an older backup"};
}

/// The same where a start may not migrate.
inline void check_may_migrate(const migration_status& status, const journal_options& options) {
  if (options.migrate || status.pending.empty()) return;
  throw std::runtime_error{"its tables have version " + std::to_string(status.version) + " and need " +
                           std::to_string(status.newest) + ": run `wheelwork migrate`, or set database.migrate = true"};
}

} // namespace wheelwork
