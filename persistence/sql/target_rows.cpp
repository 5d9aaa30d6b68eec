#include "persistence/sql/target_rows.hpp"

#include <stdexcept>

namespace wheelwork {

namespace {
constexpr size_t known_max = 50'000;
}

void target_rows::note(const resolved_target_ptr& how) {
  if (!how || how->spec.empty() || how == last_noted_) return;
  last_noted_ = how;
  if (!known_.contains(how->hash)) noted_.try_emplace(how->hash, how);
}

void target_rows::know(std::string_view hash, int64_t row) {
  hash_bytes key{};
  if (hash.size() != key.size()) return;
  std::memcpy(key.data(), hash.data(), key.size());
  known_.emplace(key, row);
}

void target_rows::write_noted() {
  last_noted_.reset();
  if (noted_.empty()) return;
  if (known_.size() >= known_max) known_.clear(); // what this transaction needs of it is asked for again
  targets wanted, missing;
  for (const auto& [hash, how] : noted_) wanted.push_back(how);
  noted_.clear();
  find(wanted);
  for (const auto& how : wanted)
    if (!known_.contains(how->hash)) missing.push_back(how);
  if (missing.empty()) return;
  add(missing);
  find(missing);
}

int64_t target_rows::row_of(const resolved_target_ptr& how) {
  if (how == last_asked_ && last_asked_) return last_row_;
  auto found = known_.find(how->hash);
  if (found == known_.end()) { // only where it was not noted, or the map was emptied in between
    note(how);
    write_noted();
    found = known_.find(how->hash);
    if (found == known_.end()) throw std::runtime_error{"a target was written and can't be found"};
  }
  uses_->mark(found->second);
  last_asked_ = how;
  return last_row_ = found->second;
}

target_uses::lock target_rows::use() {
  auto lock = uses_->use();
  if (const uint64_t now = uses_->edition(); now != edition_) {
    forget();
    edition_ = now;
  }
  return lock;
}

void target_rows::forget() {
  known_.clear();
  noted_.clear();
  last_noted_.reset();
  last_asked_.reset();
}

} // namespace wheelwork
