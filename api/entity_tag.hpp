// ETags of tasks and pools and the preconditions that name them (RFC 9110 section 13).
#pragma once

#include "api/http_message.hpp"
#include "messages/pool.hpp"
#include "messages/task.hpp"
#include "schedule/result.hpp"

namespace wheelwork {

/// Strong: another for each version, and for each task or pool of the same name.
std::string entity_tag(const task_definition& task);
std::string entity_tag(const pool_definition& pool);

/// If-Match and If-None-Match against what is there now (none: no such task). The version that a write must still find;
/// none: any. The error is a 412, or a 400 where a header is not a list of tags.
result<std::optional<uint64_t>, http_answer> check_preconditions(const http_head& head, const task_ptr& task);
result<std::optional<uint64_t>, http_answer> check_preconditions(const http_head& head, const pool_ptr& pool);

} // namespace wheelwork
