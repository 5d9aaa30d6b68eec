// One slot of the timing wheel: jobs by the absolute tick (1 ms) at which they are due. A plain data structure, used by
// one wheel_slot actor.
//
// A million jobs may wait in RAM, so entries lie in chunks that never move and never have unused room inside, and the
// jobs of one tick form a list by 4-byte places in them: nothing is allocated per job or per tick.
#pragma once

#include "schedule/time.hpp"

#include <absl/container/btree_map.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace wheelwork {

/// The slot that a time belongs to. Times before 1970 belong to slot 0.
constexpr size_t slot_of(wall_time due, size_t slots) {
  auto tick = due.time_since_epoch().count();
  return tick < 0 ? 0 : static_cast<size_t>(tick) % slots;
}

/// Storage of entries by 32-bit places; a place is used again after its entry was taken.
template <class Entry>
class entry_store {
public:
  using place = uint32_t;
  static constexpr place none = std::numeric_limits<place>::max();

  entry_store() = default;
  entry_store(const entry_store&) = delete;
  entry_store& operator=(const entry_store&) = delete;

  place put(Entry&& entry) {
    if (free_ == none) add_chunk();
    auto at = free_;
    free_ = next(at);
    new (chunks_[at / chunk_entries]->entries + at % chunk_entries * sizeof(Entry)) Entry{std::move(entry)};
    next(at) = none;
    return at;
  }

  Entry take(place at) {
    auto entry = address(at);
    Entry taken{std::move(*entry)};
    std::destroy_at(entry);
    next(at) = free_;
    free_ = at;
    return taken;
  }

  Entry& at(place where) { return *address(where); }
  /// The place that follows in whatever list this one is in.
  place& next(place at) { return chunks_[at / chunk_entries]->next[at % chunk_entries]; }

  /// Gives the memory back, but for one chunk; only when every entry was taken.
  void shrink() {
    if (chunks_.size() <= 1) return;
    chunks_.clear();
    free_ = none;
  }

private:
  static constexpr size_t chunk_entries = 64;
  struct chunk {
    alignas(Entry) unsigned char entries[chunk_entries * sizeof(Entry)];
    place next[chunk_entries];
  };

  Entry* address(place at) {
    auto bytes = chunks_[at / chunk_entries]->entries + at % chunk_entries * sizeof(Entry);
    return std::launder(reinterpret_cast<Entry*>(bytes));
  }

  void add_chunk() {
    auto first = static_cast<place>(chunks_.size() * chunk_entries);
    chunks_.push_back(std::make_unique_for_overwrite<chunk>());
    for (place i = 0; i < chunk_entries; ++i) next(first + i) = i + 1 < chunk_entries ? first + i + 1 : none;
    free_ = first;
  }

  std::vector<std::unique_ptr<chunk>> chunks_;
  place free_ = none;
};

/// Entries must offer `due_at` (wall_time) and `id` (hashable). Ticks are absolute, so there are no rounds to count.
/// Jobs of one tick come out in the order in which they were armed.
template <class Entry>
class timing_wheel_slot {
public:
  using id_type = decltype(Entry::id);

  timing_wheel_slot() = default;
  ~timing_wheel_slot() {
    for (auto& [due, list] : ticks_)
      while (list.first != none) take_first(list);
  }

  /// True if the entry is now the earliest one: the ticker must be told.
  bool arm(Entry entry) {
    auto due = entry.due_at;
    auto at = entries_.put(std::move(entry));
    auto [found, added] = ticks_.try_emplace(due, tick_list{at, at});
    if (!added) {
      entries_.next(found->second.last) = at;
      found->second.last = at;
    }
    ++size_;
    return added && found == ticks_.begin();
  }

  /// Takes out all that is due at `now` or was before, earliest first, at most `limit`.
  std::vector<Entry> take_due(wall_time now, size_t limit) {
    std::vector<Entry> due;
    while (due.size() < limit && !ticks_.empty() && ticks_.begin()->first <= now) {
      auto& list = ticks_.begin()->second;
      while (list.first != none && due.size() < limit) due.push_back(take_first(list));
      if (list.first == none) ticks_.erase(ticks_.begin());
    }
    size_ -= due.size();
    give_back_if_empty();
    return due;
  }

  /// Takes one entry back before it is due. None: it is not here (any more). Walks the jobs of its tick.
  std::optional<Entry> take_back(const id_type& id, wall_time due) {
    auto found = ticks_.find(due);
    if (found == ticks_.end()) return std::nullopt;
    auto& list = found->second;
    place before = none;
    for (auto at = list.first; at != none; before = at, at = entries_.next(at)) {
      if (entries_.at(at).id != id) continue;
      (before == none ? list.first : entries_.next(before)) = entries_.next(at);
      if (list.last == at) list.last = before;
      if (list.first == none) ticks_.erase(found);
      std::optional<Entry> taken{entries_.take(at)};
      --size_;
      give_back_if_empty();
      return taken;
    }
    return std::nullopt;
  }

  std::optional<wall_time> earliest() const {
    if (ticks_.empty()) return std::nullopt;
    return ticks_.begin()->first;
  }

  size_t size() const { return size_; }

private:
  using place = typename entry_store<Entry>::place;
  static constexpr place none = entry_store<Entry>::none;
  struct tick_list {
    place first, last;
  };

  Entry take_first(tick_list& list) {
    auto at = list.first;
    list.first = entries_.next(at);
    return entries_.take(at);
  }

  /// After a peak the memory would else stay for the next one.
  void give_back_if_empty() {
    if (size_ == 0) entries_.shrink();
  }

  entry_store<Entry> entries_;
  absl::btree_map<wall_time, tick_list> ticks_;
  size_t size_ = 0;
};

} // namespace wheelwork
