#include "persistence/pool_rows.hpp"

#include "messages/json.hpp"
#include "messages/pool.hpp"
#include "persistence/rows.hpp"

namespace wheelwork {

pool_ptr decode_pool(const stored_row& row) {
  const std::string name{row.text(0)};
  const std::string spec{row.text(4)};
  json_context context;
  context.now = to_time(row.integer(3));
  auto decoded = pool_from_text(spec, name, context);
  if (!decoded) {
    std::string faults = "the stored definition of the pool `" + name + "` can't be read";
    for (const json_fault& fault : decoded.error()) faults += "; " + fault.pointer + ": " + fault.message;
    throw std::runtime_error{faults};
  }
  decoded->version = static_cast<uint64_t>(row.integer(1));
  decoded->created_at = to_time(row.integer(2));
  decoded->updated_at = to_time(row.integer(3));
  decoded->spec = spec;
  return std::make_shared<const pool_definition>(std::move(*decoded));
}

pool_event decode_pool_event(const stored_row& row) {
  pool_event found;
  found.pool = row.text(0);
  found.at = to_time(row.integer(1));
  found.kind = static_cast<pool_event::what>(row.integer(2));
  found.consumers_before = static_cast<uint32_t>(row.integer(3));
  found.consumers = static_cast<uint32_t>(row.integer(4));
  if (const auto lag = row.optional_integer(5)) found.lag = static_cast<uint64_t>(*lag);
  found.messages = static_cast<uint64_t>(row.integer(6));
  found.reason = row.text(7);
  return found;
}

pool_minute decode_pool_minute(const stored_row& row) {
  const auto count = [&](int column) { return static_cast<uint64_t>(row.integer(column)); };
  pool_minute found;
  found.pool = row.text(0);
  found.minute = to_time(row.integer(1));
  found.node = row.text(2);
  found.taken = count(3);
  found.succeeded = count(4);
  found.failed_attempts = count(5);
  found.dead_letters = count(6);
  found.lag_max = count(7);
  found.consumers_max = static_cast<uint32_t>(count(8));
  return found;
}

std::optional<journal_error> fault_of_put(const pool_put& put, std::optional<uint64_t> found) {
  if (!put.definition) return journal_error{journal_errc::broken, "a pool without its definition was to be written"};
  const std::string name = "`" + put.definition->name + "`";
  const auto conflict = [](std::string message) { return journal_error{journal_errc::conflict, std::move(message)}; };
  if (put.create) {
    if (found) return conflict("a pool " + name + " exists");
  } else if (!found) {
    return conflict("there is no pool " + name);
  } else if (*found != put.expected_version) {
    return conflict("the pool " + name + " has version " + std::to_string(*found) + ", not " +
                    std::to_string(put.expected_version));
  }
  return std::nullopt;
}

} // namespace wheelwork
