// How a test stands in the way of the SQLite writer.
#pragma once

#include "persistence/sql/commit_step.hpp"

#include <functional>
#include <memory>

namespace wheelwork::sqlite {

using wheelwork::commit_step;

/// Answers SQLITE_OK or the result code to pretend.
using commit_fault = std::function<int(commit_step)>;
using commit_fault_ptr = std::shared_ptr<const commit_fault>;

} // namespace wheelwork::sqlite
