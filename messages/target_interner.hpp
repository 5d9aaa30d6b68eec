// Equal resolved targets as one object in RAM: a million jobs of a few targets hold a few objects.
#pragma once

#include "messages/target.hpp"

#include <mutex>
#include <unordered_map>

namespace wheelwork {

/// Holds its objects weakly: one that nobody uses any more is gone. Any thread.
class target_interner {
public:
  /// The object with this spec that is already in use, or this one from now on. spec and hash must be filled in.
  resolved_target_ptr intern(resolved_target made);
  /// The object with this spec, if one is in use.
  resolved_target_ptr find(std::string_view spec);
  /// Entries, those of objects gone not yet swept included.
  size_t size() const;

private:
  void sweep_if_grown();

  struct hash_of_hash {
    size_t operator()(const std::array<uint8_t, 16>& hash) const noexcept;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::array<uint8_t, 16>, std::weak_ptr<const resolved_target>, hash_of_hash> targets_;
  size_t sweep_at_ = 1024;
};

/// The one of this process: all functions of json.hpp use it.
target_interner& shared_targets();

} // namespace wheelwork
