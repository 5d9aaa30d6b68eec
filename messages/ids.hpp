// Ids as types of their own, so that none is taken for another.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace wheelwork {

/// 64 bits: 44 of milliseconds since 1970 at most 2^43 (so that it fits a signed column until the year 2248), 10 of
/// shard, 10 of sequence. Zero is no job. A decimal string in JSON.
enum class job_id : uint64_t {};

/// A task's row; never used twice, so a task deleted and created again is another one. Made like a job id. Zero: no
/// task.
enum class task_id : uint64_t {};

/// 1/64 of all tasks and jobs: the unit of ownership.
enum class shard_id : uint16_t {};

/// No shard: in the ids of messages of consumer pools, which are told to targets and stand in no table.
inline constexpr shard_id shard_of_messages{1023};

/// A resolved target's row. Zero is none.
enum class target_id : uint64_t {};

constexpr uint64_t value_of(job_id id) { return static_cast<uint64_t>(id); }
constexpr uint64_t value_of(task_id id) { return static_cast<uint64_t>(id); }
constexpr uint64_t value_of(target_id id) { return static_cast<uint64_t>(id); }
constexpr uint16_t value_of(shard_id id) { return static_cast<uint16_t>(id); }

inline constexpr unsigned id_shard_bits = 10;
inline constexpr unsigned id_sequence_bits = 10;
inline constexpr uint64_t id_sequence_max = (uint64_t{1} << id_sequence_bits) - 1;

constexpr uint64_t make_id(uint64_t milliseconds_since_1970, shard_id shard, uint64_t sequence) {
  return (milliseconds_since_1970 << (id_shard_bits + id_sequence_bits)) |
         (uint64_t{value_of(shard)} << id_sequence_bits) | sequence;
}
/// The shard that made the id, and that owns it as long as the number of shards is fixed.
constexpr shard_id shard_of(job_id id) {
  return shard_id{static_cast<uint16_t>((value_of(id) >> id_sequence_bits) & ((1u << id_shard_bits) - 1))};
}
constexpr uint64_t milliseconds_of(job_id id) { return value_of(id) >> (id_shard_bits + id_sequence_bits); }

std::string to_string(job_id id);
std::string to_string(task_id id);
/// Decimal digits only, 1 to 9223372036854775807.
std::optional<job_id> parse_job_id(std::string_view text);

/// The shard of a task: a hash of its name that is the same in every process and release.
shard_id shard_of_task(std::string_view task_name, uint16_t shards);

} // namespace wheelwork

template <>
struct std::hash<wheelwork::job_id> {
  size_t operator()(wheelwork::job_id id) const noexcept { return wheelwork::value_of(id) * 0x9E3779B97F4A7C15ull; }
};
template <>
struct std::hash<wheelwork::task_id> {
  size_t operator()(wheelwork::task_id id) const noexcept { return wheelwork::value_of(id) * 0x9E3779B97F4A7C15ull; }
};
