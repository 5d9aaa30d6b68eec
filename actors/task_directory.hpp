// The current definitions of all tasks of this node by name, for those who are not their scheduler: pushes that name a
// task, the API.
#pragma once

#include "messages/task.hpp"

#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

namespace wheelwork {

/// Written by schedulers after the commit of a change; thread safe.
class task_directory {
public:
  void put(task_ptr task) {
    std::unique_lock lock{mutex_};
    ids_.insert(task->id);
    by_name_[task->name] = std::move(task);
  }

  void remove(const std::string& name) {
    std::unique_lock lock{mutex_};
    auto found = by_name_.find(name);
    if (found == by_name_.end()) return;
    ids_.erase(found->second->id);
    by_name_.erase(found);
  }

  /// None: no such task.
  task_ptr find(const std::string& name) const {
    std::shared_lock lock{mutex_};
    auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  bool contains(task_id id) const {
    std::shared_lock lock{mutex_};
    return ids_.contains(id);
  }

private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, task_ptr> by_name_;
  std::unordered_set<task_id> ids_;
};

} // namespace wheelwork
