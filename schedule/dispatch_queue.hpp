// Which of the waiting jobs starts next: the highest priority first, in turn among lanes (hosts), never more at once
// than a lane and the whole may run. A plain data structure, one per target kind, used by the dispatcher.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace wheelwork {

inline constexpr size_t priorities = 10; ///< 0 to 9, 9 first

/// Jobs are moved in and out. Within one lane and priority the order is first in, first out. A lane that is full holds
/// up nobody but itself.
template <class Job>
class dispatch_queue {
public:
  /// At most `limit` run at once, at most `lane_limit` of one lane.
  dispatch_queue(size_t limit, size_t lane_limit) : limit_{limit}, lane_limit_{lane_limit} {}

  void push(Job job, const std::string& lane_name, uint8_t priority) {
    auto& lane = lanes_[lane_name];
    lane.waiting[std::min<uint8_t>(priority, priorities - 1)].push_back(std::move(job));
    ++size_;
    queue_up(lane);
  }

  /// Takes up to `most` jobs that may start now; each counts as running in its lane until finished().
  std::vector<Job> take(size_t most) {
    std::vector<Job> taken;
    for (auto level = priorities; level-- > 0;) {
      auto& turn = turns_[level];
      while (!turn.empty() && taken.size() < most && running_ < limit_) taken.push_back(take_from(*turn.front()));
    }
    return taken;
  }

  /// Takes up to `most` jobs of these lanes, the highest priority first, whatever the bound of a lane is; a lane named
  /// earlier goes first among equals. Stops when what was taken weighs `weight_max` or more. Each counts as running.
  template <class Weight>
  std::vector<Job> take_of(const std::vector<std::string>& names, size_t most, Weight weight_of, size_t weight_max) {
    std::vector<Job> taken;
    size_t weight = 0;
    while (taken.size() < most && running_ < limit_ && weight < weight_max) {
      lane_state* best = nullptr;
      for (const auto& name : names) {
        auto found = lanes_.find(name);
        if (found == lanes_.end() || found->second.waiting.empty()) continue;
        auto& lane = found->second;
        if (best == nullptr || lane.waiting.begin()->first > best->waiting.begin()->first) best = &lane;
      }
      if (best == nullptr) break;
      taken.push_back(take_from(*best));
      weight += weight_of(taken.back());
    }
    return taken;
  }

  /// One that was taken (or counted by running_already) has ended.
  void finished(const std::string& lane_name) {
    --running_;
    auto found = lanes_.find(lane_name);
    if (found == lanes_.end()) return;
    auto& lane = found->second;
    --lane.running;
    queue_up(lane);
    if (lane.waiting.empty() && lane.running == 0 && lanes_.size() > idle_lanes_max) lanes_.erase(found);
  }

  /// Counts one that runs without having been taken from here.
  void running_already(const std::string& lane_name) {
    ++lanes_[lane_name].running;
    ++running_;
  }

  /// Takes out the waiting jobs for which `wanted` is true. One pass over all that wait.
  template <class Predicate>
  std::vector<Job> take_back(Predicate wanted) {
    std::vector<Job> taken;
    for (auto& [name, lane] : lanes_) {
      for (auto level = lane.waiting.begin(); level != lane.waiting.end();) {
        auto& jobs = level->second;
        auto gone = std::stable_partition(jobs.begin(), jobs.end(), [&](const Job& job) { return !wanted(job); });
        size_ -= static_cast<size_t>(std::distance(gone, jobs.end()));
        std::move(gone, jobs.end(), std::back_inserter(taken));
        jobs.erase(gone, jobs.end());
        level = jobs.empty() ? lane.waiting.erase(level) : std::next(level);
      }
      queue_up(lane);
    }
    return taken;
  }

  size_t size() const { return size_; } ///< waiting
  size_t running() const { return running_; }

private:
  static constexpr size_t idle_lanes_max = 10'000;

  struct lane_state {
    std::map<uint8_t, std::deque<Job>, std::greater<>> waiting; ///< by priority, the highest first; no empty ones
    size_t running = 0;
    bool queued = false; ///< stands in turns_[level]
    size_t level = 0;
    typename std::list<lane_state*>::iterator place;
  };

  Job take_from(lane_state& from) {
    auto level = from.waiting.begin();
    Job job = std::move(level->second.front());
    level->second.pop_front();
    if (level->second.empty()) from.waiting.erase(level);
    --size_;
    ++from.running;
    ++running_;
    queue_up(from);
    if (from.queued)
      turns_[from.level].splice(turns_[from.level].end(), turns_[from.level], from.place); // now it is the others' turn
    return job;
  }

  /// Puts the lane where it belongs: into the turn of its highest waiting priority, or into none.
  void queue_up(lane_state& any) {
    bool may_start = !any.waiting.empty() && any.running < lane_limit_;
    auto level = may_start ? size_t{any.waiting.begin()->first} : 0;
    if (any.queued && (!may_start || any.level != level)) {
      turns_[any.level].erase(any.place);
      any.queued = false;
    }
    if (may_start && !any.queued) {
      turns_[level].push_back(&any);
      any.place = std::prev(turns_[level].end());
      any.level = level;
      any.queued = true;
    }
  }

  size_t limit_;
  size_t lane_limit_;
  size_t size_ = 0;
  size_t running_ = 0;
  std::unordered_map<std::string, lane_state> lanes_; ///< addresses of lanes stay the same
  std::array<std::list<lane_state*>, priorities>
      turns_; ///< lanes that may start a job now, by their highest waiting priority
};

} // namespace wheelwork
