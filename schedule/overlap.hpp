// What a fire does while an earlier one of the same task is not final (API.md, `overlap`).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wheelwork {

enum class overlap_policy : uint8_t { allow, skip, queue, replace };
std::string_view to_string(overlap_policy policy);
std::optional<overlap_policy> parse_overlap_policy(std::string_view name);

enum class overlap_verdict : uint8_t {
  start,              ///< run now
  skip,               ///< never run; goes into the ledger as `overlap`
  wait,               ///< run when the earlier one is final
  replace_then_start, ///< cancel the earlier one, run when its attempt has ended
};

/// `unfinished`: fires of the task handed over and not final. `waiting`: fires that already wait for them.
/// `queue` lets at most one wait; a later one is skipped. `replace` lets the latest wait: the caller skips the one that
/// waited before.
overlap_verdict decide_overlap(overlap_policy policy, size_t unfinished, size_t waiting);

} // namespace wheelwork
