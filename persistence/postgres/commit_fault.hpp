// How a test stands in the way of the Postgres writer.
#pragma once

#include "persistence/sql/commit_step.hpp"

#include <functional>
#include <memory>

namespace wheelwork::postgres {

using wheelwork::commit_step;

/// Answers the SQLSTATE to pretend, null for none. 08006 is a lost connection.
using commit_fault = std::function<const char*(commit_step)>;
using commit_fault_ptr = std::shared_ptr<const commit_fault>;

} // namespace wheelwork::postgres
