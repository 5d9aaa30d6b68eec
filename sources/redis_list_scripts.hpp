// The scripts by which consumers of a Redis list work: each is one atomic step on the server.
//
// Keys of a pool beside the source, all in one hash slot (TAG is the source's key, or its own hash tag):
//   PREFIX = {TAG}:wheelwork:POOL
//   PREFIX:consumers     hash: consumer -> "STEP LEASE_END", the number of its last step and the server's time, in ms,
//                        until which it counts as alive
//   PREFIX:list:CONSUMER what it has in hand, in the order of taking
//   PREFIX:losses        hash: SHA-1 of a message -> how many consumers died with it in hand or, after the first, at
//                        work on it. Written only when one has died; forgotten when the message leaves, or after a week
//   PREFIX:landing       where a consumer that waits has the next message put (BLMOVE). It belongs to all of them, so
//                        nothing is lost there when the one that waited dies; every step takes from there first.
// A user of Redis with restricted rights needs ~KEY, the dead letter list and ~{TAG}:wheelwork:*.
//
// A consumer numbers its steps. A step whose answer was lost is sent again under the same number: the script sees that
// it was carried out and only answers again. A consumer that is not registered any more, or whose number differs (the
// server lost its latest writes), is told so and gets nothing: this is the fence against one that was stopped for
// longer than its lease.
#pragma once

#include <string_view>

namespace wheelwork::redis_list_scripts {

/// KEYS: consumers. ARGV: consumer, lease in ms. Registers it with step 0.
extern const std::string_view enter;
/// KEYS: source, own list, consumers, landing, losses, dead letters. ARGV: 1 consumer, 2 number of the last step, 3
/// lease in ms, 4 how many stay in hand, 5 how many of the oldest leave, 6 positions of others that leave (1,5,7), 7
/// positions of those that go back to the source, oldest first, 8 take end (LEFT or RIGHT), 9 how many to take, 10 how
/// many bytes, 11 positions of those that leave for good and whose losses are counted, 12… dead letters. Answers {ok,
/// {position, losses, …}, message…}, position from 0 of messages that were lost before; or {lost}.
extern const std::string_view step;
/// KEYS: source, own list, consumers, landing. ARGV: consumer, take end. What is in hand goes back to the source.
extern const std::string_view leave;
/// KEYS: own list, consumers, losses. ARGV: consumer, position, by how much the losses of the message there change.
/// Answers 0 when the consumer is not registered any more.
extern const std::string_view count_attempt;
/// KEYS: source, consumers, landing, losses. ARGV: what names of own lists begin with, take end, NODE/,
/// NODE/INCARNATION/, how long losses are kept in ms. Answers {waiting, in hand, recovered}.
extern const std::string_view recover;

} // namespace wheelwork::redis_list_scripts
