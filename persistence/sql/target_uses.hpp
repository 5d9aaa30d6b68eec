// What the writers of one node know together of the rows of targets: which are in use while one of them sweeps, and
// when rows may have gone. Without it a writer could delete a row that another one is about to use.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_set>

namespace wheelwork {

/// Thread safe. Locks are objects that any thread may let go of, since an open question about a commit keeps one.
class target_uses {
public:
  class [[nodiscard]] lock {
  public:
    lock() = default;
    explicit operator bool() const { return held_ != nullptr; }
    void let_go() { held_.reset(); }

  private:
    friend class target_uses;
    explicit lock(std::shared_ptr<void> held) : held_{std::move(held)} {}
    std::shared_ptr<void> held_;
  };

  /// For a transaction that may use targets; waits while somebody is alone.
  lock use() {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return !alone_; });
    ++users_;
    return lock{on_end([this] { --users_; })};
  }

  /// For a transaction that begins a sweep or deletes. Empty: somebody writes just now.
  lock try_alone() {
    const std::lock_guard guard{mutex_};
    if (alone_ || users_ > 0) return {};
    alone_ = true;
    return lock{on_end([this] { alone_ = false; })};
  }

  /// A sweep begins (true) or ends; either way everybody must look again at what they knew.
  void record(bool on) {
    const std::lock_guard guard{mutex_};
    recording_ = on;
    used_.clear();
    ++edition_;
  }
  /// Rows were deleted.
  void forget() {
    const std::lock_guard guard{mutex_};
    ++edition_;
  }
  void mark(int64_t row) {
    const std::lock_guard guard{mutex_};
    if (recording_) used_.insert(row);
  }
  bool was_used(int64_t row) const {
    const std::lock_guard guard{mutex_};
    return used_.contains(row);
  }
  /// Grows whenever knowledge from before is worth nothing.
  uint64_t edition() const {
    const std::lock_guard guard{mutex_};
    return edition_;
  }

private:
  template <class Function>
  std::shared_ptr<void> on_end(Function&& function) {
    return {static_cast<void*>(this), [this, function](void*) {
              {
                const std::lock_guard guard{mutex_};
                function();
              }
              changed_.notify_all();
            }};
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  size_t users_ = 0;
  bool alone_ = false;
  bool recording_ = false;
  std::unordered_set<int64_t> used_;
  uint64_t edition_ = 0;
};

} // namespace wheelwork
