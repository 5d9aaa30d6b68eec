#include "persistence/rows.hpp"

#include "messages/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace wheelwork {

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

static_assert(payload_bytes + 1 == job_columns && started_at == started_at_column && target_row == target_column);

template <class Value>
Value narrow(int64_t column) {
  return static_cast<Value>(column);
}

payload decode_payload(const stored_row& row) {
  if (row.is_null(payload_bytes)) return {};
  if (row.is_null(content_type)) return payload::json(row.bytes(payload_bytes));
  return payload::bytes(row.bytes(payload_bytes), row.text(content_type));
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

resolved_target_ptr stored_targets::find(int64_t row_id) {
  if (const auto known = known_.find(row_id); known != known_.end()) return known->second;
  const auto spec = read_(row_id);
  if (!spec) throw std::runtime_error{"the row " + std::to_string(row_id) + " of the table target is missing"};
  remember(row_id, *spec);
  return known_[row_id];
}

void stored_targets::remember(int64_t row_id, std::string_view spec) {
  if (known_.size() >= known_targets_max) known_.clear();
  known_[row_id] = resolved_target_from_spec(spec);
}

job decode_job(const stored_row& row, stored_targets& targets) {
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

int64_t target_row_of(const stored_row& row) { return row.integer(target_row); }

attempt_record decode_attempt(const stored_row& row, int first) {
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

bool has_labels(const labels& all, const std::vector<std::pair<std::string, std::string>>& wanted) {
  for (const auto& [key, value] : wanted) {
    const auto found = all.find(key);
    if (found == all.end() || found->second != value) return false;
  }
  return true;
}

task_row decode_task(const stored_row& row) {
  const std::string name{row.text(1)};
  const std::string spec{row.text(5)};
  json_context context;
  context.now = to_time(row.integer(4));
  auto decoded = task_from_text(spec, name, context);
  if (!decoded) {
    std::string faults = "the stored definition of the task `" + name + "` can't be read";
    for (const json_fault& fault : decoded.error()) faults += "; " + fault.pointer + ": " + fault.message;
    throw std::runtime_error{faults};
  }
  task_definition& definition = *decoded;
  definition.id = task_id{static_cast<uint64_t>(row.integer(0))};
  definition.version = static_cast<uint64_t>(row.integer(2));
  definition.created_at = to_time(row.integer(3));
  definition.updated_at = to_time(row.integer(4));
  definition.spec = spec;
  task_row found;
  found.state.task = definition.id;
  found.state.fired_until = to_time(row.integer(6));
  found.state.runs = static_cast<uint64_t>(row.integer(7));
  found.state.next_fire = to_time(row.optional_integer(8));
  found.state.enabled_at = to_time(row.optional_integer(9));
  found.state.disabled_at = to_time(row.optional_integer(10));
  found.definition = std::make_shared<const task_definition>(std::move(definition));
  return found;
}

void merge_attempt(std::vector<attempt_record>& kept, attempt_record own) {
  const auto at = std::lower_bound(kept.begin(), kept.end(), own.number,
                                   [](const attempt_record& any, uint32_t number) { return any.number < number; });
  if (at == kept.end() || at->number != own.number) {
    kept.insert(at, std::move(own));
    return;
  }
  if (at->node.empty()) at->node = own.node;
  if (!at->started_at) at->started_at = own.started_at;
  if (!at->finished_at) at->finished_at = own.finished_at;
}

job_view decode_view(const stored_row& row, stored_targets& targets, bool with_attempt) {
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

} // namespace wheelwork
