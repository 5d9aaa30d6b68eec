// The handlers of all routes; api/router.cpp says which path is whose. Called on the I/O thread.
#pragma once

#include "api/api_context.hpp"

namespace wheelwork::routes {

using handler = void(api_context& context, http_request& request, const responder& respond);

handler push_job, push_batch;
handler read_job, list_jobs, cancel_job, retry_job, cancel_jobs, retry_jobs;
handler read_task, list_tasks, put_task, patch_task, delete_task, run_task;
handler next_fires, list_fires, preview_schedule;
handler list_pools, read_pool, put_pool, patch_pool, delete_pool, list_pool_events, list_pool_minutes;
handler poll_for_jobs, acknowledge, acknowledge_attempt, extend_lease;
handler list_nodes, read_stats, healthz, readyz, metrics, openapi;
/// 501 for what the contract plans and this edition does not have.
handler not_built;

} // namespace wheelwork::routes
