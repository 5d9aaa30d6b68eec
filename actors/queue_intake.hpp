// A list of another program whose messages become jobs of this node, such as that of a front: a pool that no user
// defines or changes, and the way its messages are read.
#pragma once

#include "messages/job.hpp"
#include "messages/pool.hpp"
#include "schedule/result.hpp"

#include <functional>

namespace wheelwork {

/// The job that a message asks for. An error, in words: the message goes to the dead letters as `unreadable`. Any
/// thread.
using message_translator = std::function<result<new_job, std::string>(std::string_view message, wall_time now)>;

struct queue_intake {
  pool_ptr pool; ///< with `journal`; it stands in no database
  message_translator translate;
};

} // namespace wheelwork
