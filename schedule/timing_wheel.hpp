// One slot of the timing wheel: jobs by the absolute tick (1 ms) at which they are due. A plain data structure, used by one wheel_slot actor.
#pragma once

#include "schedule/time.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace wheelwork {

/// The slot that a time belongs to. Times before 1970 belong to slot 0.
constexpr size_t slot_of(wall_time due, size_t slots) {
  auto tick = due.time_since_epoch().count();
  return tick < 0 ? 0 : static_cast<size_t>(tick) % slots;
}

/// Entries must offer `due_at` (wall_time) and `id` (equality comparable). Buckets are kept by absolute tick, so there are no rounds to count.
template <class Entry>
class timing_wheel_slot {
public:
  using id_type = decltype(Entry::id);

  /// True if the entry is now the earliest one: the ticker must be told.
  bool arm(Entry entry) {
    auto due = entry.due_at;
    bool earliest = buckets_.empty() || due < buckets_.begin()->first;
    buckets_[due].push_back(std::move(entry));
    ++size_;
    return earliest;
  }

  /// Takes out all that is due at `now` or was before, earliest first, at most about `limit` (whole buckets unless one alone is larger).
  std::vector<Entry> take_due(wall_time now, size_t limit) {
    std::vector<Entry> due;
    while (!buckets_.empty() && buckets_.begin()->first <= now && due.size() < limit) {
      auto& bucket = buckets_.begin()->second;
      auto room = limit - due.size();
      if (bucket.size() <= room) {
        std::move(bucket.begin(), bucket.end(), std::back_inserter(due));
        buckets_.erase(buckets_.begin());
      } else {
        // The order inside a bucket is not promised, so its end is as good as its beginning and costs no move of the rest.
        std::move(bucket.end() - static_cast<std::ptrdiff_t>(room), bucket.end(), std::back_inserter(due));
        bucket.resize(bucket.size() - room);
      }
    }
    size_ -= due.size();
    return due;
  }

  /// Takes one entry back before it is due. None: it is not here (any more).
  std::optional<Entry> take_back(const id_type& id, wall_time due) {
    auto bucket = buckets_.find(due);
    if (bucket == buckets_.end()) return std::nullopt;
    auto& entries = bucket->second;
    auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.id == id; });
    if (found == entries.end()) return std::nullopt;
    std::optional<Entry> taken{std::move(*found)};
    if (&*found != &entries.back()) *found = std::move(entries.back());
    entries.pop_back();
    if (entries.empty()) buckets_.erase(bucket);
    --size_;
    return taken;
  }

  std::optional<wall_time> earliest() const {
    if (buckets_.empty()) return std::nullopt;
    return buckets_.begin()->first;
  }

  size_t size() const { return size_; }

private:
  std::map<wall_time, std::vector<Entry>> buckets_;
  size_t size_ = 0;
};

} // namespace wheelwork
