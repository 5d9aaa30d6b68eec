// How a test stands in the way of the MySQL writer.
#pragma once

#include "persistence/sql/commit_step.hpp"

#include <functional>
#include <memory>

namespace wheelwork::mysql {

using wheelwork::commit_step;

/// Answers the error number to pretend, 0 for none. 2013 is a lost connection.
using commit_fault = std::function<unsigned(commit_step)>;
using commit_fault_ptr = std::shared_ptr<const commit_fault>;

} // namespace wheelwork::mysql
