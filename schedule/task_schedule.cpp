#include "schedule/task_schedule.hpp"

#include <algorithm>

namespace wheelwork {

namespace {

constexpr milliseconds instant{1};

/// Fires lie in (after, until].
struct window {
  wall_time after, until;
};

/// Keeps to the years that there are and to starts_at and ends_at. `after` may end up at or behind `until`: no fire
/// then.
window narrowed(const firing_frame& frame, wall_time after, wall_time until) {
  after = std::max(after, earliest_wall_time - instant);
  if (frame.starts_at) after = std::max(after, *frame.starts_at - instant);
  until = std::min(until, latest_wall_time);
  if (frame.ends_at) until = std::min(until, *frame.ends_at - instant);
  return {after, until};
}

/// A fixed rate: fires at anchor + n * period from n = first on.
struct rate {
  wall_time anchor;
  milliseconds period;
  int64_t first;

  /// The number of the first fire after `after`.
  int64_t number_after(wall_time after) const {
    if (after < anchor) return first;
    return std::max<int64_t>(first, (after - anchor) / period + 1);
  }
  /// How many fires there are from number `first` on, up to and with `until`.
  int64_t count_up_to(wall_time until) const {
    if (until < anchor) return 0;
    return std::max<int64_t>(0, (until - anchor) / period - first + 1);
  }
  wall_time at(int64_t number) const { return anchor + number * period; }
};

rate rate_of(const every_schedule& schedule, const firing_frame& frame) {
  return {schedule.anchor.value_or(frame.created_at), schedule.period, schedule.first_now ? 0 : 1};
}

rate rate_of(const cron_schedule& schedule, const firing_frame& frame) {
  return {frame.created_at, *schedule.expression.every(), 1};
}

bool is_rate(const every_schedule& schedule) { return !schedule.from_end; }
bool is_rate(const cron_schedule& schedule) { return schedule.expression.every().has_value(); }

std::optional<wall_time> next_of_rate(const rate& fires, window in) {
  if (in.until < fires.anchor) return std::nullopt;
  auto number = fires.number_after(in.after);
  if (number > (in.until - fires.anchor) / fires.period) return std::nullopt;
  return fires.at(number);
}

std::optional<wall_time> next_in(const cron_schedule& schedule, const firing_frame& frame, window in) {
  if (is_rate(schedule)) return next_of_rate(rate_of(schedule, frame), in);
  auto next = schedule.expression.next(in.after, *schedule.zone, schedule.dst);
  return next && *next <= in.until ? next : std::nullopt;
}

std::optional<wall_time> next_in(const every_schedule& schedule, const firing_frame& frame, window in) {
  if (is_rate(schedule)) return next_of_rate(rate_of(schedule, frame), in);
  // An anchor before the creation has no run to count from.
  auto anchor = std::max(schedule.anchor.value_or(frame.created_at), frame.created_at);
  auto next = in.after < anchor ? anchor + (schedule.first_now ? milliseconds{0} : schedule.period)
                                : in.after + schedule.period;
  if (frame.starts_at) next = std::max(next, *frame.starts_at);
  return next <= in.until ? std::optional{next} : std::nullopt;
}

std::optional<wall_time> next_in(const at_schedule& schedule, const firing_frame&, window in) {
  return in.after < schedule.time && schedule.time <= in.until ? std::optional{schedule.time} : std::nullopt;
}

fire_span span_of_one(std::optional<wall_time> fire, size_t keep) {
  if (!fire) return {};
  fire_span span{1, fire, fire, {}};
  if (keep > 0) span.latest.push_back(*fire);
  return span;
}

fire_span span_of_rate(const rate& fires, window in, size_t keep) {
  fire_span span;
  auto begin = fires.number_after(in.after);
  auto end = fires.first + fires.count_up_to(in.until);
  if (end <= begin) return span;
  span.count = static_cast<uint64_t>(end - begin);
  span.first = fires.at(begin);
  span.last = fires.at(end - 1);
  auto kept = std::min<uint64_t>(span.count, keep);
  for (auto number = end - static_cast<int64_t>(kept); number < end; ++number) span.latest.push_back(fires.at(number));
  return span;
}

/// The latest instant t for which at least `wanted` fires lie in (t, until]; `after` if there are fewer. Doubles its
/// steps back from `until`, then halves them.
wall_time begin_of_latest(const cron_schedule& schedule, window in, uint64_t wanted) {
  auto enough_after = [&](wall_time time) {
    return schedule.expression.count(time, in.until, *schedule.zone, schedule.dst) >= wanted;
  };
  auto too_late = in.until;
  auto early_enough = in.after;
  for (milliseconds step = std::chrono::seconds{1}; in.until - in.after > step; step *= 2) {
    auto candidate = in.until - step;
    if (enough_after(candidate)) {
      early_enough = candidate;
      break;
    }
    too_late = candidate;
  }
  while (too_late - early_enough > std::chrono::seconds{1}) {
    auto middle = early_enough + (too_late - early_enough) / 2;
    (enough_after(middle) ? early_enough : too_late) = middle;
  }
  return early_enough;
}

fire_span fires_in(const cron_schedule& schedule, const firing_frame& frame, window in, size_t keep) {
  if (is_rate(schedule)) return span_of_rate(rate_of(schedule, frame), in, keep);
  fire_span span;
  span.count = schedule.expression.count(in.after, in.until, *schedule.zone, schedule.dst);
  if (span.count == 0) return span;
  span.first = next_in(schedule, frame, in);
  auto wanted = std::min<uint64_t>(span.count, std::max<size_t>(keep, 1));
  window latest{begin_of_latest(schedule, in, wanted), in.until};
  std::vector<wall_time> fires;
  fires.reserve(wanted + 1);
  while (auto fire = next_in(schedule, frame, latest)) {
    fires.push_back(*fire);
    latest.after = *fire;
  }
  span.last = fires.back();
  auto surplus = fires.size() - std::min(fires.size(), keep);
  span.latest.assign(fires.begin() + static_cast<std::ptrdiff_t>(surplus), fires.end());
  return span;
}

fire_span fires_in(const every_schedule& schedule, const firing_frame& frame, window in, size_t keep) {
  if (is_rate(schedule)) return span_of_rate(rate_of(schedule, frame), in, keep);
  return span_of_one(next_in(schedule, frame, in), keep); // nobody knows the ends of the runs after it
}

fire_span fires_in(const at_schedule& schedule, const firing_frame& frame, window in, size_t keep) {
  return span_of_one(next_in(schedule, frame, in), keep);
}

} // namespace

result<cron_schedule, cron_error> make_cron_schedule(std::string_view text, cron_dialect dialect,
                                                     std::string_view zone_name, dst_rule dst) {
  auto expression = cron_expression::parse(text, dialect);
  if (!expression) return tl::make_unexpected(expression.error());
  const auto& prefix = expression->zone_prefix();
  auto zone = find_time_zone(prefix ? std::string_view{*prefix} : zone_name);
  if (!zone) {
    auto position = prefix ? text.find('=') + 1 : 0;
    return tl::make_unexpected(cron_error{position, zone.error()});
  }
  return cron_schedule{std::string{text}, dialect, std::string{zone_name}, dst, std::move(*expression), *zone};
}

std::optional<wall_time> next_fire(const task_schedule& schedule, const firing_frame& frame, wall_time after) {
  auto in = narrowed(frame, after, latest_wall_time);
  if (in.after >= in.until) return std::nullopt;
  return std::visit([&](const auto& kind) { return next_in(kind, frame, in); }, schedule);
}

fire_span fires_between(const task_schedule& schedule, const firing_frame& frame, wall_time after, wall_time until,
                        size_t keep) {
  auto in = narrowed(frame, after, until);
  if (in.after >= in.until) return {};
  return std::visit([&](const auto& kind) { return fires_in(kind, frame, in, keep); }, schedule);
}

milliseconds splay_offset(std::string_view task_name, milliseconds splay) {
  if (splay <= milliseconds{0}) return milliseconds{0};
  // FNV-1a over the bytes of the name, 64 bits, then the two multiplications of the finalizer of MurmurHash3, because a
  // remainder of plain FNV-1a lies close together for names that differ in the last letter only. Users' fire times
  // depend on it: it must never change.
  uint64_t hash = 0xcbf29ce484222325;
  for (auto c : task_name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccd;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53;
  hash ^= hash >> 33;
  return milliseconds{static_cast<milliseconds::rep>(hash % static_cast<uint64_t>(splay.count()))};
}

} // namespace wheelwork
