#include "schedule/cron_fires.hpp"

#include <algorithm>

namespace wheelwork {

using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

/// More than any change of an offset, in local seconds.
constexpr local_second two_days = 2 * 86400;

local_second local(sys_seconds instant, seconds offset) { return (instant + offset).time_since_epoch().count(); }

} // namespace

/// Whether the change at the beginning of this span skipped a matching local time that fires right after it.
bool cron_fires::fires_for_gap(const time_zone::span& span) const {
  if (elapsed_ || dst_.gap == dst_gap::skip || span.offset <= span.offset_before) return false;
  auto skipped_end = local(span.begin, span.offset);
  return calendar_.next(local(span.begin, span.offset_before), skipped_end) != cron_calendar::none;
}

/// Local times before this one have had their pass in the span before.
local_second cron_fires::first_local(const time_zone::span& span) const {
  bool seen_before = !elapsed_ && dst_.overlap == dst_overlap::first && span.offset < span.offset_before;
  return local(span.begin, seen_before ? span.offset_before : span.offset);
}

/// Local times from this one on have a later pass that counts.
local_second cron_fires::end_local(const time_zone::span& span) const {
  bool come_again = !elapsed_ && dst_.overlap == dst_overlap::last && span.offset_after < span.offset;
  return local(span.end, come_again ? span.offset_after : span.offset);
}

std::optional<sys_seconds> cron_fires::next(sys_seconds from, sys_seconds end) const {
  while (from < end) {
    auto span = zone_.span_at(from);
    if (from == span.begin && fires_for_gap(span)) return from;
    auto search_from = std::max(local(from, span.offset), first_local(span));
    auto search_end = std::min(local(std::min(span.end, end), span.offset), end_local(span));
    auto found = calendar_.next(search_from, local(end, span.offset) + two_days);
    if (found < search_end) return sys_seconds{seconds{found}} - span.offset;
    from = span.end;
    // Spans in which no local time can come near the next match are left out, unless this one ends with times that come
    // again.
    bool comes_again = search_from > local(span.end, span.offset_after);
    if (comes_again) continue;
    if (found == cron_calendar::none) return std::nullopt;
    from = std::max(from, sys_seconds{seconds{found - two_days}} - span.offset);
  }
  return std::nullopt;
}

uint64_t cron_fires::count(sys_seconds from, sys_seconds end) const {
  uint64_t result = 0;
  while (from < end) {
    auto span = zone_.span_at(from);
    auto search_from = std::max(local(from, span.offset), first_local(span));
    auto search_end = std::min(local(std::min(span.end, end), span.offset), end_local(span));
    result += calendar_.count(search_from, search_end);
    if (from == span.begin && fires_for_gap(span)) {
      bool fires_anyway = calendar_.next(search_from, search_from + 1) != cron_calendar::none;
      if (!fires_anyway) ++result;
    }
    from = span.end;
  }
  return result;
}

} // namespace wheelwork
