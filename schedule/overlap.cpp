#include "schedule/overlap.hpp"

namespace wheelwork {

std::string_view to_string(overlap_policy policy) {
  switch (policy) {
  case overlap_policy::allow: return "allow";
  case overlap_policy::skip: return "skip";
  case overlap_policy::queue: return "queue";
  case overlap_policy::replace: return "replace";
  }
  return "?";
}

std::optional<overlap_policy> parse_overlap_policy(std::string_view name) {
  for (auto policy : {overlap_policy::allow, overlap_policy::skip, overlap_policy::queue, overlap_policy::replace})
    if (name == to_string(policy)) return policy;
  return std::nullopt;
}

overlap_verdict decide_overlap(overlap_policy policy, size_t unfinished, size_t waiting) {
  // A fire that waits was there first, even if what it waited for has just ended.
  bool free = unfinished + waiting == 0;
  if (free || policy == overlap_policy::allow) return overlap_verdict::start;
  if (policy == overlap_policy::replace) return overlap_verdict::replace_then_start;
  if (policy == overlap_policy::queue && waiting == 0) return overlap_verdict::wait;
  return overlap_verdict::skip;
}

} // namespace wheelwork
