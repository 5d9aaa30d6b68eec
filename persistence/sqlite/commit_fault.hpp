// Where a test may stand in the way of the SQLite writer: the steps of a transaction at which it can pretend that
// SQLite failed.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace wheelwork::sqlite {

enum class commit_step {
  open,          ///< before the connection is opened (again)
  begin,         ///< before BEGIN IMMEDIATE
  before_commit, ///< before COMMIT: nothing is applied
  after_commit,  ///< COMMIT went through: the transaction is applied although its answer is lost
  settle,        ///< before the writer row is read to find out
};

/// Answers SQLITE_OK or the result code to pretend.
using commit_fault = std::function<int(commit_step)>;
using commit_fault_ptr = std::shared_ptr<const commit_fault>;

} // namespace wheelwork::sqlite
