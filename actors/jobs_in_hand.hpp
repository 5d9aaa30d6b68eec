// The ids that a scheduler has in hand: from the moment a push, retry or load names one until the commit that ends or
// defers it is acknowledged (DESIGN, Wheel). It is what keeps a push and a load from both running a job.
#pragma once

#include "actors/hot_budget.hpp"
#include "messages/job.hpp"

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <memory>

namespace wheelwork {

enum class hand_phase : uint8_t {
  writing,   ///< a change of it is at the journal; nothing else may happen to it before the receipt
  armed,     ///< in a slot of the wheel
  withdrawn, ///< in a slot, but not to be started: dropped when the slot sends it
  waiting,   ///< a due fire that waits for an earlier one of its task
  handed,    ///< at the dispatcher, waiting or running
  ending,    ///< running, and its end (by cancellation) is at the journal
};

struct job_in_hand {
  wall_time due_at{};
  uint32_t attempt = 0;                       ///< number of the attempt that runs or comes next
  uint32_t payload_bytes : 29 = 0;            ///< the most it can say stands for what is larger
  hand_phase phase : 3 = hand_phase::writing; ///< a million of these may wait in RAM
};
static_assert(sizeof(job_in_hand) == 16);
inline constexpr size_t payload_bytes_max = (size_t{1} << 29) - 1;

class jobs_in_hand {
public:
  explicit jobs_in_hand(std::shared_ptr<hot_budget> budget = nullptr) : budget_{std::move(budget)} {}

  /// Takes it in hand, or only changes the phase of one that is.
  job_in_hand& take(const job& what, hand_phase phase) {
    auto [place, fresh] = jobs_.try_emplace(what.id);
    auto& entry = place->second;
    if (fresh) {
      entry.payload_bytes =
          static_cast<uint32_t>(std::min(what.body.data().size(), payload_bytes_max)) & payload_bytes_max;
      if (budget_) budget_->add(entry.payload_bytes);
    }
    entry.phase = phase;
    entry.due_at = what.due_at;
    entry.attempt = what.start_recorded ? what.attempt : what.attempt + 1;
    return entry;
  }

  /// For an id of which nothing else is known.
  void take_id(job_id id) {
    job unknown;
    unknown.id = id;
    take(unknown, hand_phase::writing);
  }

  void let_go(job_id id) {
    auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    if (budget_) budget_->remove(found->second.payload_bytes);
    jobs_.erase(found);
    if (watching_) let_go_.insert(id);
  }

  job_in_hand* find(job_id id) {
    auto found = jobs_.find(id);
    return found == jobs_.end() ? nullptr : &found->second;
  }

  /// From now on remembers what was let go, for a load whose answer may be older than that.
  void begin_load() {
    let_go_.clear();
    watching_ = true;
  }
  void end_load() {
    let_go_.clear();
    watching_ = false;
  }
  /// Whether a load must drop this id: it is in hand, or was since the load began.
  bool known_since_load(job_id id) const { return jobs_.contains(id) || let_go_.contains(id); }

  size_t size() const { return jobs_.size(); }

private:
  std::shared_ptr<hot_budget> budget_;
  /// Ids come nearly in order, which fills a B-tree well; a hash table would be half empty on average and never give
  /// back what a peak took.
  absl::btree_map<job_id, job_in_hand> jobs_;
  absl::flat_hash_set<job_id> let_go_;
  bool watching_ = false;
};

} // namespace wheelwork
