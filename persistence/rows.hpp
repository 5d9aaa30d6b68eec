// Rows to values and back, the same for every SQL database: times, labels, payloads, targets. Times are columns of
// milliseconds since 1970, enumerations the numbers of their enumerators.
#pragma once

#include "messages/job.hpp"
#include "persistence/journal.hpp"
#include "persistence/stored_row.hpp"

#include <functional>
#include <unordered_map>

namespace wheelwork {

inline int64_t to_column(wall_time time) { return time.time_since_epoch().count(); }
inline wall_time to_time(int64_t column) { return wall_time{milliseconds{column}}; }
inline std::optional<int64_t> to_column(const std::optional<wall_time>& time) {
  if (!time) return std::nullopt;
  return to_column(*time);
}
inline std::optional<wall_time> to_time(std::optional<int64_t> column) {
  if (!column) return std::nullopt;
  return to_time(*column);
}
template <class Enumeration>
int64_t number_of(Enumeration value) {
  return static_cast<int64_t>(value);
}

inline std::optional<std::string_view> unless_empty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}
/// None: the attempt runs.
inline std::optional<int64_t> outcome_column(const attempt_record& attempt) {
  if (!attempt.outcome) return std::nullopt;
  return number_of(*attempt.outcome);
}

/// JSON object of the labels; none when there are none.
std::optional<std::string> labels_to_column(const labels& marks);
labels labels_from_column(std::string_view text);

/// Whether each of the pairs is among the labels.
bool has_labels(const labels& all, const std::vector<std::pair<std::string, std::string>>& wanted);

/// Target rows that a connection has read. Rows never change and their ids are never used twice, so nothing here gets
/// old; it is emptied when it gets large.
class stored_targets {
public:
  /// Reads the spec of one row; none: there is no such row.
  using reading = std::function<std::optional<std::string>(int64_t)>;
  explicit stored_targets(reading read) : read_{std::move(read)} {}
  /// Throws std::runtime_error if there is no such row.
  resolved_target_ptr find(int64_t id);
  bool knows(int64_t id) const { return known_.contains(id); }
  void remember(int64_t id, std::string_view spec);

private:
  reading read_;
  std::unordered_map<int64_t, resolved_target_ptr> known_;
};

/// Columns in the order id, due_at, task, fire_time, target, attempt, retries_used, lost_in_row, priority, origin,
/// started_at, content_type, payload.
job decode_job(const stored_row& row, stored_targets& targets);
inline constexpr int job_columns = 13;
inline constexpr int target_column = 4;
inline constexpr int started_at_column = 10;
int64_t target_row_of(const stored_row& row);
/// The columns of a job, then labels, unique_key, external_id, created_at, name of the task, state, finished_at, reason
/// and the last attempt. `with_attempt`: the attempt that stands in the row itself, too.
job_view decode_view(const stored_row& row, stored_targets& targets, bool with_attempt);
/// Columns id, name, version, created_at, updated_at, spec of a definition and fired_until, runs, next_fire,
/// enabled_at, disabled_at of its state. Throws std::runtime_error if the definition can't be read.
task_row decode_task(const stored_row& row);
attempt_record decode_attempt(const stored_row& row, int first_column);
/// Adds the attempt that stands in the job's own row to those with a row of their own. One entry per number: what has a
/// row came later, so it wins where both say something.
void merge_attempt(std::vector<attempt_record>& kept, attempt_record own);

} // namespace wheelwork
