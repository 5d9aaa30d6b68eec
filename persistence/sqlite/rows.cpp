#include "persistence/sqlite/rows.hpp"

#include "messages/json.hpp"
#include "persistence/sqlite/sql_read.hpp"

#include <nlohmann/json.hpp>

namespace wheelwork::sqlite {

namespace {

constexpr size_t known_targets_max = 20'000;

enum job_column {
  id,
  due_at,
  task,
  fire_time,
  target_row,
  attempt,
  retries_used,
  lost_in_row,
  priority,
  origin,
  started_at,
  content_type,
  payload_bytes
};
enum view_column {
  marks = job_columns,
  unique_key,
  external_id,
  created_at,
  task_name,
  state,
  finished_at,
  reason,
  last_number,
  last_node
};

static_assert(payload_bytes + 1 == job_columns && started_at == started_at_column);

template <class Value>
Value narrow(int64_t column) {
  return static_cast<Value>(column);
}

payload decode_payload(const statement& row) {
  if (row.is_null(payload_bytes)) return {};
  if (row.is_null(content_type)) return payload::json(row.text(payload_bytes));
  return payload::bytes(row.text(payload_bytes), row.text(content_type));
}

} // namespace

std::optional<std::string> labels_to_column(const labels& marks) {
  if (marks.empty()) return std::nullopt;
  return nlohmann::json(marks).dump();
}

labels labels_from_column(std::string_view text) {
  if (text.empty()) return {};
  return nlohmann::json::parse(text).get<labels>();
}

resolved_target_ptr target_cache::find(int64_t row_id) {
  if (const auto known = known_.find(row_id); known != known_.end()) return known->second;
  auto rows = database_.query(sql::spec_of_target, row_id);
  if (!rows.next()) throw std::runtime_error{"the row " + std::to_string(row_id) + " of the table target is missing"};
  if (known_.size() >= known_targets_max) known_.clear();
  return known_[row_id] = resolved_target_from_spec(rows->text(0));
}

job decode_job(const statement& row, target_cache& targets) {
  job found;
  found.id = job_id{narrow<uint64_t>(row.integer(id))};
  found.task = task_id{narrow<uint64_t>(row.integer(task))};
  found.due_at = to_time(row.integer(due_at));
  found.fire_time = to_time(row.integer(fire_time));
  found.how = targets.find(row.integer(target_row));
  found.body = decode_payload(row);
  found.attempt = narrow<uint32_t>(row.integer(attempt));
  found.retries_used = narrow<uint16_t>(row.integer(retries_used));
  found.lost_in_row = narrow<uint8_t>(row.integer(lost_in_row));
  found.priority = narrow<uint8_t>(row.integer(priority));
  found.origin = narrow<job_origin>(row.integer(origin));
  found.start_recorded = !row.is_null(started_at);
  return found;
}

int64_t target_row_of(const statement& row) { return row.integer(target_row); }

attempt_record decode_attempt(const statement& row, int first) {
  attempt_record found;
  found.number = narrow<uint32_t>(row.integer(first));
  found.node = row.text(first + 1);
  found.started_at = to_time(row.optional_integer(first + 2));
  found.finished_at = to_time(row.optional_integer(first + 3));
  if (const auto outcome = row.optional_integer(first + 4)) found.outcome = narrow<attempt_outcome>(*outcome);
  found.error = row.text(first + 5);
  found.response = row.text(first + 6);
  return found;
}

job_view decode_view(const statement& row, target_cache& targets, bool with_attempt) {
  job_view view;
  view.what = decode_job(row, targets);
  view.state = narrow<job_state>(row.integer(state));
  view.task_name = row.text(task_name);
  view.unique_key = row.text(unique_key);
  view.external_id = row.text(external_id);
  view.marks = labels_from_column(row.text(marks));
  view.created_at = to_time(row.integer(created_at));
  view.finished_at = to_time(row.optional_integer(finished_at));
  view.reason = row.text(reason);
  if (!with_attempt) return view;
  if (view.what.start_recorded) {
    attempt_record running;
    running.number = view.what.attempt;
    running.node = row.text(last_node);
    running.started_at = to_time(row.optional_integer(last_node + 1));
    view.attempts.push_back(std::move(running));
  } else if (!row.is_null(last_number)) {
    view.attempts.push_back(decode_attempt(row, last_number));
  }
  return view;
}

} // namespace wheelwork::sqlite
