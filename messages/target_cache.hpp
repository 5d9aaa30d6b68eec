// Inside messages/: resolved targets by the raw text that described them, so that the thousandth equal job reads no
// JSON for it.
#pragma once

#include "messages/target.hpp"

#include <string>
#include <string_view>
#include <unordered_map>

namespace wheelwork {

/// Bounded: when full it is emptied, for what is in use comes back at once. One thread.
class target_cache {
public:
  /// Null: not here.
  const resolved_target_ptr* find(std::string_view text) {
    if (last_ && text == last_->first) return &last_->second;
    auto found = targets_.find(text);
    if (found == targets_.end()) return nullptr;
    last_ = &*found;
    return &last_->second;
  }

  void insert(std::string_view text, resolved_target_ptr how) {
    if (text.size() > text_size_max) return;
    if (targets_.size() >= entries_max) {
      last_ = nullptr;
      targets_.clear();
    }
    targets_.emplace(text, std::move(how));
  }

  size_t size() const { return targets_.size(); }

  static constexpr size_t entries_max = 1024;
  static constexpr size_t text_size_max = 4096;

private:
  struct text_hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using map_type = std::unordered_map<std::string, resolved_target_ptr, text_hash, std::equal_to<>>;
  map_type targets_;
  map_type::value_type* last_ = nullptr; ///< most jobs have the target of the one before
};

} // namespace wheelwork
