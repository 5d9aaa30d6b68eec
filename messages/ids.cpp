#include "messages/ids.hpp"

#include "messages/keyed_hash.hpp"

#include <charconv>
#include <limits>

namespace wheelwork {

std::string to_string(job_id id) { return std::to_string(value_of(id)); }
std::string to_string(task_id id) { return std::to_string(value_of(id)); }

std::optional<job_id> parse_job_id(std::string_view text) {
  uint64_t value = 0;
  auto end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  if (value == 0 || value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return job_id{value};
}

shard_id shard_of_task(std::string_view task_name, uint16_t shards) {
  auto hash = blake2b_128(task_name);
  uint64_t number = 0;
  for (size_t i = 0; i < sizeof number; ++i) number = number << 8 | hash[i];
  return shard_id{static_cast<uint16_t>(number % shards)};
}

} // namespace wheelwork
