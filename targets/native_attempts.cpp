#include "targets/native_attempts.hpp"

namespace wheelwork {

void native_attempts::add(const native_attempt_ptr& attempt) {
  const auto name = key_of(*attempt);
  entries_.insert_or_assign(name, entry{attempt, attempt->due()});
  order_.emplace(attempt->due(), name);
}

bool native_attempts::remove(const native_attempt_ptr& attempt) {
  const auto found = entries_.find(key_of(*attempt));
  if (found == entries_.end() || found->second.attempt != attempt) return false;
  order_.erase({found->second.due, found->first});
  entries_.erase(found);
  return true;
}

native_attempt_ptr native_attempts::find(job_id id, uint32_t number) const {
  const auto found = entries_.find({value_of(id), number});
  return found == entries_.end() ? nullptr : found->second.attempt;
}

std::vector<native_attempt_ptr> native_attempts::take_due(steady_time now) {
  std::vector<native_attempt_ptr> due;
  while (!order_.empty() && order_.begin()->first <= now) {
    const auto found = entries_.find(order_.begin()->second);
    due.push_back(std::move(found->second.attempt));
    entries_.erase(found);
    order_.erase(order_.begin());
  }
  return due;
}

std::optional<steady_time> native_attempts::earliest() const {
  if (order_.empty()) return std::nullopt;
  return order_.begin()->first;
}

std::vector<native_attempt_ptr> native_attempts::take_all() {
  std::vector<native_attempt_ptr> all;
  for (auto& [name, held] : entries_) all.push_back(std::move(held.attempt));
  entries_.clear();
  order_.clear();
  return all;
}

} // namespace wheelwork
