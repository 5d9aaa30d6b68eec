#include "persistence/postgres/target_rows.hpp"

#include "persistence/postgres/sql_read.hpp"
#include "persistence/postgres/sql_write.hpp"

namespace wheelwork::postgres {

namespace {

constexpr size_t known_max = 50'000;

blob bytes_of(const std::array<uint8_t, 16>& hash) {
  return {{reinterpret_cast<const char*>(hash.data()), hash.size()}};
}

} // namespace

stored_targets::reading reading_targets(connection& database) {
  return [&database](int64_t row_id) -> std::optional<std::string> {
    array_text one;
    one.add(row_id);
    auto found = database.query(sql::specs_of_targets, one.take());
    if (!found.next()) return std::nullopt;
    return std::string{found->text(1)};
  };
}

void read_targets(connection& database, rows& jobs, int column, stored_targets& into) {
  std::unordered_set<int64_t> seen;
  array_text missing;
  for (jobs.rewind(); jobs.next();) {
    const int64_t id = jobs->integer(column);
    if (!into.knows(id) && seen.insert(id).second) missing.add(id);
  }
  jobs.rewind();
  if (missing.size() < 2) return; // one is read when it is needed
  for (auto found = database.query(sql::specs_of_targets, missing.take()); found.next();)
    into.remember(found->integer(0), found->text(1));
}

void target_rows::note(const resolved_target_ptr& how) {
  if (!how || how->spec.empty() || how == last_noted_) return;
  last_noted_ = how;
  if (!known_.contains(how->hash)) noted_.try_emplace(how->hash, how);
}

void target_rows::find_all(const std::vector<resolved_target_ptr>& wanted) {
  array_text hashes;
  for (const auto& how : wanted) hashes.add(bytes_of(how->hash));
  for (auto found = database_.query(sql::find_targets, hashes.take()); found.next();) {
    hash_bytes hash{};
    const std::string_view bytes = found->bytes(1);
    if (bytes.size() == hash.size()) std::memcpy(hash.data(), bytes.data(), hash.size());
    known_.emplace(hash, found->integer(0));
  }
}

void target_rows::write_noted() {
  last_noted_.reset();
  if (noted_.empty()) return;
  if (known_.size() >= known_max) known_.clear(); // what this transaction needs of it is noted again below
  std::vector<resolved_target_ptr> wanted, missing;
  for (const auto& [hash, how] : noted_) wanted.push_back(how);
  noted_.clear();
  find_all(wanted);
  for (const auto& how : wanted)
    if (!known_.contains(how->hash)) missing.push_back(how);
  if (missing.empty()) return;
  array_text hashes, specs;
  for (const auto& how : missing) {
    hashes.add(bytes_of(how->hash));
    specs.add(how->spec);
  }
  database_.run(sql::add_targets, hashes.take(), specs.take());
  find_all(missing);
}

int64_t target_rows::row_of(const resolved_target_ptr& how) {
  auto found = known_.find(how->hash);
  if (found == known_.end()) { // only where the map was emptied in between
    note(how);
    write_noted();
    found = known_.find(how->hash);
    if (found == known_.end()) throw std::runtime_error{"a target was written and can't be found"};
  }
  mark_used(found->second);
  return found->second;
}

void target_rows::record_uses(bool on) {
  recording_ = on;
  used_.clear();
}

void target_rows::forget() {
  known_.clear();
  noted_.clear();
  last_noted_.reset();
}

} // namespace wheelwork::postgres
