// The scripts by which consumers of a Redis stream work, beside XREADGROUP and XACK.
//
// The group's own list of pending entries says who has what in hand, since when, and how often it was delivered.
// Consumers are named NODE/INCARNATION/POOL/NUMBER; what is given back belongs to a consumer that nobody is.
#pragma once

#include <string_view>

namespace wheelwork::redis_stream_scripts {

/// KEYS: stream. ARGV: group, consumer. Its entries are young again. Answers {id, deliveries, …} of all it has.
extern const std::string_view renew;
/// KEYS: stream. ARGV: group, consumer, lease in ms, how many, owner of what was given back, whether to look for dead
/// consumers as well (1), NODE/, NODE/INCARNATION/. What nobody works on becomes the consumer's. Answers {{id,
/// deliveries, {name, value, …}}, …}.
extern const std::string_view claim;
/// KEYS: stream. ARGV: group, consumer, owner of what was given back, id….
extern const std::string_view give_back;
/// KEYS: stream. ARGV: group, consumer, id, by how much its count of deliveries changes, if it is the consumer's.
extern const std::string_view count_attempt;
/// KEYS: stream, dead letters. ARGV: group, consumer, id, more names and values. Answers 0 when it was not the
/// consumer's any more.
extern const std::string_view bury;
/// KEYS: stream. ARGV: group, consumer. Forgets it unless it still has entries.
extern const std::string_view leave;
/// KEYS: stream. ARGV: id. How many entries come after it; past ten thousand all that the stream has.
extern const std::string_view count_after;

} // namespace wheelwork::redis_stream_scripts
