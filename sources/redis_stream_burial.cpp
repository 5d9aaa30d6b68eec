#include "sources/redis_stream_burial.hpp"

#include "schedule/time_text.hpp"
#include "sources/redis_stream_scripts.hpp"

#include <array>

namespace wheelwork {

result<void, redis_failure> bury_stream_entry(redis_connection& connection, const source_setup& setup,
                                              const std::string& dead, const std::string& consumer,
                                              const std::string& id, const dead_message& why) {
  const auto& from = std::get<redis_stream_source>(setup.from);
  const auto attempts = std::to_string(why.attempts);
  const auto time = format_time(setup.clock->wall_now());
  const auto done = connection.run_script(
      redis_stream_scripts::bury, std::array<std::string_view, 2>{from.key, dead},
      std::array<std::string_view, 19>{from.group, consumer, id, "wheelwork_reason", why.reason, "wheelwork_error",
                                       why.error, "wheelwork_attempts", attempts, "wheelwork_pool", setup.pool,
                                       "wheelwork_source", "redis_stream", "wheelwork_key", from.key, "wheelwork_entry",
                                       id, "wheelwork_time", time});
  if (!done) return failure(done.error());
  return {};
}

} // namespace wheelwork
