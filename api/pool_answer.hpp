// Pools and what happens in them, as the API shows them.
#pragma once

#include "actors/pool_status.hpp"
#include "api/http_message.hpp"
#include "messages/journal_change.hpp"

#include <nlohmann/json_fwd.hpp>

namespace wheelwork {

/// The user's members and those that answers add.
nlohmann::json pool_as_json(const pool_view& pool);
/// Names of the members that answers add: a body may carry them, so that a pool that was read can be put back.
bool is_added_to_pools(std::string_view member);
http_answer pool_answer(const pool_view& pool, unsigned status);

nlohmann::json pool_event_as_json(const pool_event& event);
nlohmann::json pool_minute_as_json(const pool_minute& minute);

} // namespace wheelwork
