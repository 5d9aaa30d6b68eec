// A little of everything that can be in a database, for queries that must find something.
#pragma once

#include "tests/persistence/journal_fixture.hpp"

namespace wheelwork::testing_journal {

/// A task with fires and skips, jobs that wait, are late, run, succeeded, failed and were cancelled, around `now`.
void write_a_life(journal_writer& writer, wall_time now);
/// A pool that grew.
void write_a_life_of_pools(journal_writer& writer, wall_time now);

} // namespace wheelwork::testing_journal
