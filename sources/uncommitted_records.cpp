#include "sources/uncommitted_records.hpp"

#include <algorithm>

namespace wheelwork {

void uncommitted_records::keep(int32_t partition, const std::vector<finished_record>& finished, steady_time now) {
  if (finished.empty()) return;
  const std::lock_guard lock{mutex_};
  auto& [records, until] = of_partition_[partition];
  if (until < now) records.clear();
  until = now + kept_for;
  records.insert(records.end(), finished.begin(), finished.end());
  std::sort(records.begin(), records.end());
  records.erase(std::unique(records.begin(), records.end()), records.end());
  if (records.size() > size_max) records.erase(records.begin(), records.end() - static_cast<ptrdiff_t>(size_max));
}

std::vector<finished_record> uncommitted_records::take(int32_t partition, steady_time now) {
  const std::lock_guard lock{mutex_};
  const auto found = of_partition_.find(partition);
  if (found == of_partition_.end()) return {};
  auto taken = std::move(found->second);
  of_partition_.erase(found);
  if (taken.until < now) return {};
  return std::move(taken.records);
}

} // namespace wheelwork
