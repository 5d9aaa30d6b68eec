// The scripts by which consumers record the messages of a Redis list elsewhere, each once. They take a whole batch,
// which keeps its name and its order until all of it is done: name and position are the identity of a message, also for
// whoever takes the batch over from a consumer that died.
//
// Keys of a pool beside the source and `landing` (redis_list_scripts.hpp):
//   PREFIX:batches     hash: batch -> "LEASE_END OWNER", the server's time, in ms, until which its owner counts as
//   alive PREFIX:batch:NAME  its messages; one that is in the dead letters is replaced by a mark
//
// A consumer has one batch at a time. Each script looks whether the batch is still its own: this is the fence against
// one that was stopped for longer than its lease. Taking is repeated until its answer arrives: it gives what the
// consumer has already before it takes anything.
#pragma once

#include <string>
#include <string_view>

namespace wheelwork::redis_batch_scripts {

/// KEYS: source, landing, batches. ARGV: 1 prefix of the batches' keys, 2 owner, 3 NODE/, 4 NODE/INCARNATION/, 5 name
/// for a new batch, 6 lease in ms, 7 take end, 8 how many messages, 9 how many bytes, 10 a batch of its own that is
/// done, or nothing. Answers {} when nothing waits, else {name, message…}: its own batch, one whose owner died, or a
/// new one.
extern const std::string take;
/// KEYS: batches, batch. ARGV: batch, owner, lease in ms. Answers 0 when it is not its own any more.
extern const std::string keep;
/// KEYS: batches, batch, dead letters. ARGV: batch, owner, then a position and a letter for each dead message. Answers
/// 0 when it is not its own any more.
extern const std::string bury;
/// KEYS: batches, batch. ARGV: batch, owner, 1: it is done, 0: anybody may take it over now.
extern const std::string leave;
/// KEYS: source, landing, batches. ARGV: prefix of the batches' keys, NODE/, NODE/INCARNATION/. Answers {waiting, in
/// hand}.
extern const std::string look;
/// The pool does not record its messages any more. KEYS: source, batches. ARGV: prefix of the batches' keys, NODE/,
/// NODE/INCARNATION/, take end. Batches whose owner died go back to the source. Answers how many messages.
extern const std::string dissolve;

/// What stands in a batch for a message that is in the dead letters.
inline constexpr std::string_view mark = "wheelwork:buried:";

} // namespace wheelwork::redis_batch_scripts
