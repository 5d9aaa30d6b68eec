// Tasks, targets and their parts as JSON (API.md, section HTTP): one place for API, config file, CLI and journal.
//
// From a text (a request, a row) use the functions on texts: they check UTF-8, depth and repeated members before
// anything else, and keep the payload byte for byte. The functions on a json value are for what was built in memory
// (config, command line); they write the payload anew unless json_context::payload_text says how it was sent. Plain
// functions, any thread.
#pragma once

#include "messages/task.hpp"

#include <nlohmann/json_fwd.hpp>

namespace wheelwork {

struct pool_definition;

/// What is wrong with a document: where (JSON pointer) and what would be right. All faults at once (the first 100, and
/// how many more).
struct json_fault {
  std::string pointer;
  std::string message;
  bool not_json = false; ///< the text is no JSON at all (400), not JSON that says something wrong (422)
};
using json_faults = std::vector<json_fault>;

struct known_names;

/// What decoding needs to know of the node.
struct json_context {
  wall_time now{};
  std::string_view base_pointer{};    ///< prefix of the pointers in faults, e.g. /jobs/3
  std::string_view payload_text{};    ///< the member `payload` as it was sent; empty: the member's dump
  const known_names* known = nullptr; ///< what may be named; null: anything
};

/// Objects and arrays in a text may be this deep.
inline constexpr size_t json_depth_max = 1024;

/// A JSON text that passed the general checks.
struct json_body {
  std::unique_ptr<nlohmann::json> value;
  std::string payload_text; ///< the top-level member `payload` as it was sent; empty: there is none
};
/// Checks the text (UTF-8, JSON, depth, numbers in range, no member twice in an object outside of `payload`) and reads
/// it. A text with unlimited depth can't exhaust the stack.
result<json_body, json_faults> parse_json_body(std::string_view text, std::string_view base_pointer = {});

/// A whole pool body (PUT, config); see task_from_json.
result<pool_definition, json_faults> pool_from_json(const nlohmann::json& body, std::string_view path_name,
                                                    const json_context& context);
result<pool_definition, json_faults> pool_from_text(std::string_view text, std::string_view path_name,
                                                    const json_context& context);
/// The user's members of a pool, all of them with defaults spelled out. Its dump is pool_definition::spec.
nlohmann::json pool_to_json(const pool_definition& pool);
/// RFC 7396 merge patch, then decoded as a whole. A patch that names another kind of source, target or policy, or
/// another form of retry, replaces the old one.
result<pool_definition, json_faults> pool_from_merge_patch(const pool_definition& pool, const nlohmann::json& patch,
                                                           const json_context& context);

/// What is wrong with the name of a task: 1 to 255 bytes of UTF-8 without control characters or `/`. None: nothing.
std::optional<std::string> task_name_fault(std::string_view name);

/// A whole task body (PUT, config). `path_name`: the name in the URL, which a `name` member must equal; empty where the
/// body names it. id, version and times are left unset.
result<task_definition, json_faults> task_from_json(const nlohmann::json& body, std::string_view path_name,
                                                    const json_context& context);
/// The same from a text, e.g. a request body or task_definition::spec.
result<task_definition, json_faults> task_from_text(std::string_view text, std::string_view path_name,
                                                    const json_context& context);

/// The user's members of a task, all of them with defaults spelled out: task_from_json reads it back to an equal task.
nlohmann::json task_to_json(const task_definition& task);
/// The same as a text, with the payload byte for byte: task_definition::spec. The other members in the order of their
/// names.
std::string task_to_text(const task_definition& task);

/// RFC 7396 merge patch, then decoded as a whole. A patch that names another kind of schedule or target, or another
/// form of retry, replaces the old one instead of adding to it, for both together would never be right.
/// context.payload_text: of the patch.
result<task_definition, json_faults> task_from_merge_patch(const task_definition& task, const nlohmann::json& patch,
                                                           const json_context& context);

/// target, retry, timeout, delivery and history as members of `body` → a resolved target (spec and hash filled in).
/// Other members are not looked at.
result<resolved_target, json_faults> resolved_target_from_json(const nlohmann::json& body, const json_context& context);
/// Fills in what follows from the members (spec, hash, lane); equal ones are one object. The members must be right.
resolved_target_ptr shared_target(resolved_target made);
/// From the text in resolved_target::spec; equal ones are one object. Throws std::invalid_argument on a text that this
/// program did not write.
resolved_target_ptr resolved_target_from_spec(std::string_view spec);
nlohmann::json target_to_json(const target& how);
nlohmann::json retry_to_json(const retry_policy& retry);

/// In `made.priority` of a job with a task_name: the body has none, the task's counts. (A missing payload is an empty
/// one: the task's counts.)
inline constexpr uint8_t priority_of_task = 15;

/// One job body of POST /jobs and the batch, by the general (not the fast) way. A body with `task` has `how` null and
/// task_name set: the caller fills in target, priority and payload. Times relative to context.now. unique_until is
/// filled in without a unique_key, too, for a key that comes in a header.
result<new_job, json_faults> job_from_json(const nlohmann::json& body, const json_context& context);
result<new_job, json_faults> job_from_text(std::string_view text, const json_context& context);

/// What an answer says of the call that an attempt made: the members `curl` and `curl_lacks`.
struct shown_call {
  std::optional<std::string> curl; ///< none: null
  std::vector<std::string> lacks;  ///< headers that the line does not have
};

/// A job as GET /jobs/{id} answers it; attempts as in the view. `calls`: one for each attempt, or none at all, where
/// the job has no calls.
nlohmann::json job_to_json(const job_view& view, const std::array<uint8_t, 16>& database_secret, bool with_attempts,
                           const std::vector<shown_call>& calls = {});
/// The same as a text, with the payload byte for byte.
std::string job_to_text(const job_view& view, const std::array<uint8_t, 16>& database_secret, bool with_attempts,
                        const std::vector<shown_call>& calls = {});

/// `payload` (any JSON) or `payload_base64` with `content_type`, written into `into`. The JSON is read and will be
/// written anew.
void payload_to_json(const payload& body, nlohmann::json& into);
/// payload, payload_base64 and content_type as members of `body`, e.g. of POST /tasks/{name}/run. Other members are not
/// looked at.
result<payload, json_faults> payload_from_json(const nlohmann::json& body, const json_context& context);

/// A schedule member alone, for POST /schedules/preview.
result<task_schedule, json_faults> schedule_from_json(const nlohmann::json& body, const json_context& context,
                                                      dst_rule dst = {});
/// The member `dst` of a task: {"gap":"after","overlap":"first"}.
result<dst_rule, json_faults> dst_from_json(const nlohmann::json& body, const json_context& context);
nlohmann::json schedule_to_json(const task_schedule& schedule);

} // namespace wheelwork
