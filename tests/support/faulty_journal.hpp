// A journal with faults, for tests: a wrapper around any other, and a script that decides for each call what goes
// wrong.
#pragma once

#include "persistence/journal.hpp"

#include <condition_variable>
#include <mutex>

namespace wheelwork {

enum class journal_call : uint8_t { commit, renew_lease, release_shards, drop_history, prepare_history, read };

enum class journal_fault : uint8_t {
  none,
  fail,        ///< `unavailable`; nothing is applied
  lose_before, ///< a commit answers `unknown_outcome`, and nothing is applied. Other calls: as `fail`
  lose_after,  ///< a commit answers `unknown_outcome`, and everything is applied. Other calls: applied, then as `fail`
  crash,       ///< as `fail`, and so does every later call through this journal
};

/// Decides on calls, from any thread. Without a rule nothing goes wrong.
class fault_script {
public:
  /// `number`: how many calls of this kind came before, from 0.
  using rule = std::function<journal_fault(journal_call call, uint64_t number)>;
  void set_rule(rule decide);
  /// The one call of this kind with this number, and nothing else.
  void once(journal_call call, uint64_t number, journal_fault fault);

  /// Every later call of this kind waits, before anything else happens to it, until let_go().
  void hold(journal_call call);
  void let_go(journal_call call);
  /// Returns as soon as a call of this kind waits in hold().
  void wait_until_held(journal_call call);

  /// How many calls of this kind came so far, those that wait included.
  uint64_t calls(journal_call call) const;

  /// INTERNAL to the wrapper: counts the call, waits if it must, and decides.
  journal_fault decide(journal_call call);

private:
  struct gate {
    uint64_t calls = 0;
    uint64_t waiting = 0;
    bool held = false;
  };
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::array<gate, 6> gates_{};
  rule rule_;
  bool crashed_ = false;
};

/// The wrapper. Like a real writer it remembers a commit whose answer was lost: the same changes (by their tickets)
/// again get the old receipts if they were applied, and are written if not.
std::unique_ptr<journal> make_faulty_journal(std::unique_ptr<journal> real, std::shared_ptr<fault_script> script);

} // namespace wheelwork
