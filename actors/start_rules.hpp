// Which jobs are special when they start.
#pragma once

#include "messages/job.hpp"

namespace wheelwork {

/// It stays pending until a worker polls for it; then its start is committed before the worker gets it, so that no two
/// workers can hold one attempt.
inline bool waits_for_worker(const job& any) { return kind_of(any.how->how) == target_kind::worker; }

} // namespace wheelwork
