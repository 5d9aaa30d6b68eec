// Short ways to write pools and what happens in them.
#pragma once

#include "messages/pool.hpp"
#include "tests/persistence/journal_fixture.hpp"

namespace wheelwork::testing_journal {

/// `other_members` follow the name, the source and the target, with a comma before.
pool_ptr pool_named(const std::string& name, const std::string& other_members = "", uint64_t version = 1);
journal_change creating(pool_ptr pool);
journal_change replacing(pool_ptr pool, uint64_t expected_version);

} // namespace wheelwork::testing_journal
