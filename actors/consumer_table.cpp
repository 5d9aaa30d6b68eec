#include "actors/consumer_table.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <map>

namespace wheelwork {

std::optional<uint16_t> consumer_table::reserve() {
  const std::unique_lock lock{mutex_};
  const auto found = std::find(reserved_.begin(), reserved_.end(), false);
  const auto slot = static_cast<uint16_t>(found - reserved_.begin());
  if (slot >= size_max) return std::nullopt;
  if (found == reserved_.end()) {
    reserved_.push_back(true);
    consumers_.emplace_back();
  } else {
    *found = true;
  }
  return slot;
}

void consumer_table::put(uint16_t slot, consumer_actor consumer) {
  const std::unique_lock lock{mutex_};
  consumers_.at(slot) = std::move(consumer);
}

void consumer_table::release(uint16_t slot) {
  const std::unique_lock lock{mutex_};
  consumers_.at(slot) = nullptr;
  reserved_.at(slot) = false;
}

void consumer_table::route(target_kind kind, std::vector<attempt_result> results) const {
  std::map<uint16_t, std::vector<attempt_result>> of_slot;
  for (auto& result : results)
    of_slot[static_cast<uint16_t>(value_of(result.id) & id_sequence_max)].push_back(std::move(result));
  for (auto& [slot, of_one] : of_slot) {
    consumer_actor to;
    {
      const std::shared_lock lock{mutex_};
      if (slot < consumers_.size()) to = consumers_[slot];
    }
    if (to) caf::anon_send(to, finished{kind, std::move(of_one)});
  }
}

} // namespace wheelwork
