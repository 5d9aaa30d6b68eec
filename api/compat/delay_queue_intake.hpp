// The Redis list that clients of the delay_queue service push to, as a pool of this node.
#pragma once

#include "actors/queue_intake.hpp"
#include "config/settings.hpp"

namespace wheelwork {

/// Entries are taken from the left, where the oldest are. Each becomes a job, once, and is acknowledged when that is
/// committed; what can't be read goes to the list and `:dead`. The pool is called `front.delay_queue`. Settings that
/// were checked and name a connection.
queue_intake delay_queue_intake(const delay_queue_front_settings& settings);

} // namespace wheelwork
