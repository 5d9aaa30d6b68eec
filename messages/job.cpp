#include "messages/job.hpp"

#include "messages/keyed_hash.hpp"

#include <span>

namespace wheelwork {

namespace {

/// What a hash is for comes first, so that the texts drawn from one id tell nothing about each other.
hash128 hash_of(std::string_view purpose, job_id id, uint32_t attempt, const std::array<uint8_t, 16>& secret) {
  std::string text{purpose};
  text += ':';
  text += to_string(id);
  text += ':';
  text += std::to_string(attempt);
  return blake2b_128(text, secret);
}

} // namespace

std::string trace_id_of(job_id id, const std::array<uint8_t, 16>& database_secret) {
  return hexadecimal(hash_of("trace", id, 0, database_secret));
}

std::string traceparent_of(job_id id, uint32_t attempt, const std::array<uint8_t, 16>& database_secret) {
  auto span_hash = hash_of("span", id, attempt, database_secret);
  return "00-" + trace_id_of(id, database_secret) + "-" + hexadecimal(std::span{span_hash}.first(8)) + "-01";
}

std::string idempotency_key_of(job_id id, const std::array<uint8_t, 16>& database_secret) {
  return hexadecimal(hash_of("idempotency", id, 0, database_secret));
}

std::string_view to_string(job_origin origin) {
  switch (origin) {
  case job_origin::pushed: return "pushed";
  case job_origin::fire: return "fire";
  case job_origin::by_hand: return "by_hand";
  }
  return "?";
}

} // namespace wheelwork
