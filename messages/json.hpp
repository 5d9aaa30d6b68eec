// Tasks, targets and their parts as JSON (API.md, section HTTP): one place for API, config file, CLI and journal.
#pragma once

#include "messages/task.hpp"

#include <nlohmann/json_fwd.hpp>

namespace wheelwork {

/// What is wrong with a document: where (JSON pointer) and what would be right. All faults at once.
struct json_fault {
  std::string pointer;
  std::string message;
};
using json_faults = std::vector<json_fault>;

/// What decoding needs to know of the node.
struct json_context {
  wall_time now{};
  std::string_view base_pointer;       ///< prefix of the pointers in faults, e.g. /jobs/3
};

/// A whole task body (PUT, config). `path_name`: the name in the URL, which a `name` member must equal; empty where the body names it.
/// id, version and times are left unset.
result<task_definition, json_faults> task_from_json(const nlohmann::json& body, std::string_view path_name, const json_context& context);

/// The user's members of a task, all of them with defaults spelled out: task_from_json reads it back to an equal task. spec is its dump.
nlohmann::json task_to_json(const task_definition& task);

/// RFC 7396 merge patch, then decoded as a whole.
result<task_definition, json_faults> task_from_merge_patch(const task_definition& task, const nlohmann::json& patch, const json_context& context);

/// target, retry, timeout, delivery and history as members of `body` → a resolved target (spec and hash filled in). `base`: a task's, whose
/// members stand for missing ones.
result<resolved_target, json_faults> resolved_target_from_json(const nlohmann::json& body, const json_context& context);
/// From the text in resolved_target::spec. Throws std::invalid_argument on a text that this program did not write.
resolved_target_ptr resolved_target_from_spec(std::string_view spec);
nlohmann::json target_to_json(const target& how);
nlohmann::json retry_to_json(const retry_policy& retry);

/// One job body of POST /jobs and the batch, by the general (not the fast) way. `task` members are left to the caller in task_name.
/// Times relative to context.now. The unique key of the header is the caller's business.
result<new_job, json_faults> job_from_json(const nlohmann::json& body, const json_context& context);

/// A job as GET /jobs/{id} answers it; attempts as in the view.
nlohmann::json job_to_json(const job_view& view, const std::array<uint8_t, 16>& database_secret, bool with_attempts);

/// `payload` (any JSON) or `payload_base64` with `content_type`, written into `into`.
void payload_to_json(const payload& body, nlohmann::json& into);

/// A schedule member alone, for POST /schedules/preview.
result<task_schedule, json_faults> schedule_from_json(const nlohmann::json& body, const json_context& context);

} // namespace wheelwork
