// All pools by name, for the API: what is defined and how it goes.
#pragma once

#include "actors/pool_statistics.hpp"

#include <shared_mutex>

namespace wheelwork {

/// Written by the registry after the commit of a change; thread safe.
class pool_directory {
public:
  /// `statistics` null: this node does not run it.
  void put(pool_ptr pool, std::shared_ptr<pool_statistics> statistics) {
    const std::unique_lock lock{mutex_};
    auto& name = pool->name;
    by_name_[name] = {std::move(pool), std::move(statistics)};
  }
  void remove(const std::string& name) {
    const std::unique_lock lock{mutex_};
    by_name_.erase(name);
  }
  std::vector<pool_view> all(std::chrono::steady_clock::time_point now) const {
    const std::shared_lock lock{mutex_};
    std::vector<pool_view> views;
    views.reserve(by_name_.size());
    for (const auto& [name, known] : by_name_) views.push_back(view_of(known, now));
    return views;
  }
  std::optional<pool_view> find(const std::string& name, std::chrono::steady_clock::time_point now) const {
    const std::shared_lock lock{mutex_};
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return std::nullopt;
    return view_of(found->second, now);
  }

private:
  struct entry {
    pool_ptr definition;
    std::shared_ptr<pool_statistics> statistics;
  };
  static pool_view view_of(const entry& known, std::chrono::steady_clock::time_point now) {
    return {known.definition, known.statistics ? known.statistics->status(now) : pool_status{}};
  }

  mutable std::shared_mutex mutex_;
  std::map<std::string, entry> by_name_;
};

} // namespace wheelwork
