#include "messages/target_interner.hpp"

#include "messages/keyed_hash.hpp"

#include <algorithm>
#include <cstring>

namespace wheelwork {

size_t target_interner::hash_of_hash::operator()(const std::array<uint8_t, 16>& hash) const noexcept {
  size_t part;
  std::memcpy(&part, hash.data(), sizeof part);
  return part;
}

resolved_target_ptr target_interner::intern(resolved_target made) {
  // Not make_shared: an entry whose object is gone must hold no more than the control block.
  resolved_target_ptr fresh{new resolved_target{std::move(made)}};
  std::lock_guard guard{mutex_};
  auto& entry = targets_[fresh->hash];
  if (auto existing = entry.lock()) return existing;
  entry = fresh;
  sweep_if_grown();
  return fresh;
}

resolved_target_ptr target_interner::find(std::string_view spec) {
  auto hash = blake2b_128(spec);
  std::lock_guard guard{mutex_};
  auto found = targets_.find(hash);
  return found == targets_.end() ? nullptr : found->second.lock();
}

size_t target_interner::size() const {
  std::lock_guard guard{mutex_};
  return targets_.size();
}

void target_interner::sweep_if_grown() {
  if (targets_.size() < sweep_at_) return;
  std::erase_if(targets_, [](const auto& entry) { return entry.second.expired(); });
  // Twice what is in use, so that sweeping costs each new entry a constant share.
  sweep_at_ = std::max<size_t>(1024, targets_.size() * 2);
}

target_interner& shared_targets() {
  static target_interner targets;
  return targets;
}

} // namespace wheelwork
