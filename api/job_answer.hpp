// Jobs as answers of the API.
#pragma once

#include "api/api_context.hpp"

#include <nlohmann/json_fwd.hpp>

namespace wheelwork {

/// A job with its attempts, and how the calls of an http target are repeated by hand.
std::string text_with_attempts(const api_context& context, const job_view& view);

/// The 201 for a job that was just accepted, made without a read. `made` is whole but for its id.
http_answer accepted_answer(const new_job& made, job_id id, const std::array<uint8_t, 16>& database_secret);

/// Reads the job that an operation named and answers with it. Where it ended meanwhile and its task keeps no history,
/// the answer has its id and a null state.
void answer_with_job(api_context& context, const pending_ptr& pending, job_id id, unsigned status);

} // namespace wheelwork
