// Where a test may stand in the way of the Postgres writer: the steps of a transaction at which it can pretend that the
// connection was lost.
#pragma once

#include <functional>
#include <memory>

namespace wheelwork::postgres {

enum class commit_step {
  open,          ///< before the connection is opened (again)
  begin,         ///< before the transaction begins
  before_commit, ///< before COMMIT is sent: nothing is applied
  after_commit,  ///< COMMIT went through: the transaction is applied although its answer is lost
  settle,        ///< before the writer row is read to find out
};

/// Answers the SQLSTATE to pretend, null for none. 08006 is a lost connection.
using commit_fault = std::function<const char*(commit_step)>;
using commit_fault_ptr = std::shared_ptr<const commit_fault>;

} // namespace wheelwork::postgres
