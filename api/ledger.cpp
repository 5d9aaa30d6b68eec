#include "api/ledger.hpp"

#include "schedule/time_text.hpp"

#include <algorithm>

namespace wheelwork {

std::string ledger_entry_text(const ledger_entry& entry) {
  if (entry.fired)
    return R"({"fire_time":")" + format_time(entry.from) + R"(","verdict":"fired","job":")" + to_string(*entry.fired) +
           "\"}";
  return R"({"from":")" + format_time(entry.from) + R"(","to":")" + format_time(entry.to) + R"(","count":)" +
         std::to_string(entry.count) + R"(,"verdict":")" + std::string{to_string(entry.verdict)} + "\"}";
}

namespace {

void add_span(std::vector<ledger_entry>& entries, const task_definition& task, const firing_frame& frame,
              wall_time after, wall_time until, skip_verdict verdict) {
  if (after >= until) return;
  const auto span = fires_between(task.when, frame, after, until, 0);
  if (span.count > 0) entries.push_back({*span.first, *span.last, span.count, {}, verdict});
}

bool counts_from_ends(const task_definition& task) {
  const auto* every = std::get_if<every_schedule>(&task.when);
  return every && every->from_end;
}

} // namespace

std::vector<ledger_entry> tail_of_ledger(const task_row& row, wall_time now) {
  std::vector<ledger_entry> entries;
  const auto& task = *row.definition;
  const auto& state = row.state;
  if (counts_from_ends(task)) return entries; // without a run there is no next time
  if (!task.enabled) {
    if (state.disabled_at) add_span(entries, task, task.frame(), *state.disabled_at, now, skip_verdict::disabled);
  } else if (task.max_runs && state.runs >= *task.max_runs) {
    add_span(entries, task, task.frame(), state.fired_until, now, skip_verdict::max_runs);
  }
  if (task.ends_at) {
    auto endless = task.frame();
    endless.ends_at.reset();
    const auto last_instant = *task.ends_at - milliseconds{1};
    const auto idle_since = task.enabled ? state.fired_until : state.disabled_at.value_or(last_instant);
    add_span(entries, task, endless, std::max(last_instant, idle_since), now, skip_verdict::ended);
  }
  return entries;
}

void append_to_ledger(std::vector<ledger_entry>& entries, ledger_entry entry) {
  if (entries.empty() || entries.back().fired || entries.back().verdict != entry.verdict)
    return entries.push_back(std::move(entry));
  entries.back().to = entry.to;
  entries.back().count += entry.count;
}

std::vector<wall_time> coming_fires(const task_definition& task, uint64_t runs, wall_time after, size_t count) {
  std::vector<wall_time> times;
  if (!task.enabled) return times;
  if (task.max_runs) count = std::min<uint64_t>(count, *task.max_runs - std::min(runs, *task.max_runs));
  const auto* every = std::get_if<every_schedule>(&task.when);
  if (every && every->from_end) count = std::min<size_t>(count, 1); // the next ones hang on ends that are not known
  for (auto next = after; times.size() < count;) {
    const auto found = next_fire(task.when, task.frame(), next);
    if (!found) break;
    times.push_back(next = *found);
  }
  return times;
}

std::vector<wall_time> coming_fires(const task_row& row, wall_time now, wall_time after, size_t count) {
  const auto& task = *row.definition;
  if (counts_from_ends(task)) {
    const bool known = task.enabled && row.state.next_fire && *row.state.next_fire > after;
    return known && count > 0 ? std::vector{*row.state.next_fire} : std::vector<wall_time>{};
  }
  auto runs = runs_begun(row, now);
  if (task.max_runs && after > now) runs += fires_between(task.when, task.frame(), now, after, 0).count;
  return coming_fires(task, runs, after, count);
}

uint64_t runs_begun(const task_row& row, wall_time now) {
  const auto& task = *row.definition;
  const auto& state = row.state;
  if (!task.enabled) return state.runs;
  const auto due = now - splay_offset(task.name, task.splay);
  uint64_t prepared = 0;
  if (counts_from_ends(task))
    prepared = state.next_fire && *state.next_fire > due ? 1 : 0;
  else if (state.fired_until > due)
    prepared = fires_between(task.when, task.frame(), due, state.fired_until, 0).count;
  return state.runs - std::min(state.runs, prepared);
}

} // namespace wheelwork
