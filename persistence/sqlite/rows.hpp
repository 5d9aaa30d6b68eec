// Rows to values and back: times, labels, payloads, targets.
#pragma once

#include "messages/job.hpp"
#include "persistence/journal.hpp"
#include "persistence/sqlite/connection.hpp"

namespace wheelwork::sqlite {

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

/// JSON object of the labels; none when there are none.
std::optional<std::string> labels_to_column(const labels& marks);
labels labels_from_column(std::string_view text);

/// Target rows that a connection has read. Rows never change and their ids are never used twice, so nothing here gets
/// old; it is emptied when it gets large.
class target_cache {
public:
  explicit target_cache(connection& database) : database_{database} {}
  /// Throws std::runtime_error if there is no such row.
  resolved_target_ptr find(int64_t id);

private:
  connection& database_;
  std::unordered_map<int64_t, resolved_target_ptr> known_;
};

/// Columns as WHEELWORK_JOB_COLUMNS names them.
job decode_job(const statement& row, target_cache& targets);
inline constexpr int job_columns = 13;
inline constexpr int started_at_column = 10;
int64_t target_row_of(const statement& row);
/// Columns of live_view and history_view. `with_attempt`: the attempt that stands in the row itself, too.
job_view decode_view(const statement& row, target_cache& targets, bool with_attempt);
attempt_record decode_attempt(const statement& row, int first_column);

} // namespace wheelwork::sqlite
