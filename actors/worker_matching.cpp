#include "actors/worker_matching.hpp"

#include <algorithm>

namespace wheelwork {

void worker_matching::add(poll one) {
  for (const auto& queue : one.queues) waiting_[queue].insert(one.number);
  const auto number = one.number;
  polls_.insert_or_assign(number, std::move(one));
}

void worker_matching::remove(uint64_t number) {
  if (const auto reserving = gathering_.find(number); reserving != gathering_.end()) reserving->second.left = true;
  stop_waiting(number);
}

void worker_matching::stop_waiting(uint64_t number) {
  const auto found = polls_.find(number);
  if (found == polls_.end()) return;
  for (const auto& queue : found->second.queues) {
    const auto of_queue = waiting_.find(queue);
    if (of_queue == waiting_.end()) continue; // named twice
    of_queue->second.erase(number);
    if (of_queue->second.empty()) waiting_.erase(of_queue);
  }
  polls_.erase(found);
}

const worker_matching::poll* worker_matching::first_for(const std::string& queue) const {
  const auto of_queue = waiting_.find(queue);
  return of_queue == waiting_.end() ? nullptr : find(*of_queue->second.begin());
}

std::vector<uint64_t> worker_matching::numbers() const {
  std::vector<uint64_t> all;
  all.reserve(polls_.size());
  for (const auto& [number, one] : polls_) all.push_back(number);
  return all;
}

const worker_matching::poll* worker_matching::find(uint64_t number) const {
  const auto found = polls_.find(number);
  return found == polls_.end() ? nullptr : &found->second;
}

void worker_matching::reserve(uint64_t number, const std::vector<job>& jobs) {
  for (const auto& one : jobs) reserved_[one.id] = number;
  gathering_.insert_or_assign(number, gathering{polls_.at(number), false, jobs.size()});
  stop_waiting(number);
}

std::optional<worker_matching::batch> worker_matching::started(job what) {
  const auto found = reserved_.find(what.id);
  if (found == reserved_.end()) return std::nullopt;
  const auto number = found->second;
  auto& of_poll = gathering_.find(number)->second;
  of_poll.started.push_back(std::move(what));
  --of_poll.missing;
  return whole(number);
}

std::optional<worker_matching::batch> worker_matching::refused(job_id id) {
  const auto found = reserved_.find(id);
  if (found == reserved_.end()) return std::nullopt;
  const auto number = found->second;
  reserved_.erase(found);
  --gathering_.find(number)->second.missing;
  return whole(number);
}

std::optional<worker_matching::batch> worker_matching::whole(uint64_t number) {
  const auto found = gathering_.find(number);
  if (found == gathering_.end() || found->second.missing > 0) return std::nullopt;
  auto gathered = std::move(found->second);
  gathering_.erase(found);
  batch complete{number, std::move(gathered.started)};
  if (complete.jobs.empty() && !gathered.left) add(std::move(gathered.to));
  for (const auto& one : complete.jobs) reserved_.erase(one.id);
  return complete;
}

std::optional<job> worker_matching::take_back(job_id id, std::optional<batch>& whole_now) {
  const auto found = reserved_.find(id);
  if (found == reserved_.end()) return std::nullopt;
  const auto number = found->second;
  auto& started = gathering_.find(number)->second.started;
  const auto place = std::find_if(started.begin(), started.end(), [id](const job& one) { return one.id == id; });
  if (place == started.end()) return std::nullopt; // its start is at the journal
  auto taken = std::move(*place);
  started.erase(place);
  reserved_.erase(found);
  whole_now = whole(number);
  return taken;
}

std::vector<job> worker_matching::take_all_started() {
  std::vector<job> taken;
  for (auto& [number, of_poll] : gathering_) {
    for (auto& one : of_poll.started) {
      reserved_.erase(one.id);
      taken.push_back(std::move(one));
    }
    of_poll.started.clear();
  }
  return taken;
}

} // namespace wheelwork
