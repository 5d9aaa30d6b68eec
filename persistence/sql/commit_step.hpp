// Where a test may stand in the way of a writer: the steps of a transaction at which it can pretend that the connection
// was lost. What it answers at a step is an error code of the database.
#pragma once

namespace wheelwork {

enum class commit_step {
  open,          ///< before the connection is opened (again)
  begin,         ///< before the transaction begins
  before_commit, ///< before COMMIT is sent: nothing is applied
  after_commit,  ///< COMMIT went through: the transaction is applied although its answer is lost
  settle,        ///< before the writer row is read to find out
};

} // namespace wheelwork
