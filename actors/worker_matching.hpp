// Which jobs go to which waiting worker: the dispatcher's books for worker targets. A job stays in its queue, pending,
// until a worker polls for it; then its start is committed, and then it is handed over. Plain data.
#pragma once

#include "messages/attempt.hpp"

#include <absl/container/flat_hash_map.h>

#include <map>
#include <set>

namespace wheelwork {

class worker_matching {
public:
  struct poll {
    uint64_t number = 0;
    std::vector<std::string> queues;
    size_t max = 1;
  };
  /// All jobs of one poll whose starts are committed. Without jobs the poll waits again, unless it left.
  struct batch {
    uint64_t poll = 0;
    std::vector<job> jobs;
  };

  void add(poll one);
  /// It waits no longer, nor again. What is reserved for it stays so.
  void remove(uint64_t number);
  /// The poll that waits longest for this queue; none: null.
  const poll* first_for(const std::string& queue) const;
  bool empty() const { return polls_.empty(); }
  std::vector<uint64_t> numbers() const;
  const poll* find(uint64_t number) const;

  /// These jobs are the poll's, which takes no others: their starts go to the journal.
  void reserve(uint64_t number, const std::vector<job>& jobs);
  bool is_reserved(job_id id) const { return reserved_.contains(id); }
  /// Some are reserved for it, and not yet handed over.
  bool gathers_for(uint64_t number) const { return gathering_.contains(number); }
  /// The start of a reserved job is committed. The batch, if it was the last one that was missing.
  std::optional<batch> started(job what);
  /// It can't start. As above.
  std::optional<batch> refused(job_id id);
  /// Takes out one whose start is committed and that has not been handed over. None: it is not here. What waited for it
  /// may be whole now.
  std::optional<job> take_back(job_id id, std::optional<batch>& whole);
  /// Takes out all whose starts are committed.
  std::vector<job> take_all_started();
  size_t reserved() const { return reserved_.size(); }

private:
  struct gathering {
    poll to;
    bool left = false;
    size_t missing = 0;
    std::vector<job> started{};
  };
  void stop_waiting(uint64_t number);
  std::optional<batch> whole(uint64_t number);

  std::map<uint64_t, poll> polls_;                               ///< numbers grow: the first waits longest
  absl::flat_hash_map<std::string, std::set<uint64_t>> waiting_; ///< polls by queue
  absl::flat_hash_map<job_id, uint64_t> reserved_;     ///< poll of each job between its queue and its executor
  absl::flat_hash_map<uint64_t, gathering> gathering_; ///< by poll
};

} // namespace wheelwork
