#include "persistence/postgres/history_days.hpp"

#include "persistence/postgres/sql_retention.hpp"
#include "persistence/rows.hpp"

#include <charconv>

namespace wheelwork::postgres {

namespace {

constexpr size_t digits = 8; // yyyymmdd at the end of the name

std::optional<history_day> day_of_table(std::string_view name) {
  if (name.size() <= digits) return std::nullopt;
  int number = 0;
  const char* const end = name.data() + name.size();
  if (std::from_chars(end - digits, end, number).ptr != end) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{number / 10'000},
                                         std::chrono::month{static_cast<unsigned>(number / 100 % 100)},
                                         std::chrono::day{static_cast<unsigned>(number % 100)}};
  if (!date.ok()) return std::nullopt;
  return history_day{date};
}

} // namespace

std::string history_days::table_of(history_day day) {
  const std::chrono::year_month_day date{day};
  const int number = static_cast<int>(date.year()) * 10'000 +
                     static_cast<int>(static_cast<unsigned>(date.month())) * 100 +
                     static_cast<int>(static_cast<unsigned>(date.day()));
  std::string text = std::to_string(number);
  text.insert(0, digits - std::min(digits, text.size()), '0');
  return "ww_job_history_" + text;
}

const std::set<history_day>& history_days::known() {
  if (known_) return *known_;
  std::set<history_day> found;
  for (auto all = database_.query(sql::history_partitions, database_.with_table_prefix_of("ww_job_history"));
       all.next();)
    if (const auto day = day_of_table(all->text(0))) found.insert(*day);
  return known_.emplace(std::move(found));
}

void history_days::ensure(history_day day) {
  if (known().contains(day)) return;
  database_.query(sql::lock_partitions);
  forget(); // another writer may have made it meanwhile
  if (known().contains(day)) return;
  const std::string table = table_of(day);
  // To attach a table blocks nobody, where `create … partition of` would wait for every reader of history.
  database_.execute("create table " + table + " (like ww_job_history including defaults including storage)");
  database_.execute("alter table ww_job_history attach partition " + table + " for values from (" +
                    std::to_string(to_column(wall_time{day})) + ") to (" +
                    std::to_string(to_column(wall_time{day + std::chrono::days{1}})) + ")");
  known_->insert(day);
}

std::optional<history_day> history_days::oldest_before(wall_time time) {
  const auto& all = known();
  if (all.empty() || wall_time{*all.begin() + std::chrono::days{1}} > time) return std::nullopt;
  return *all.begin();
}

std::vector<history_day> history_days::reaching_before(wall_time time) {
  std::vector<history_day> found;
  for (const history_day day : known())
    if (wall_time{day} < time) found.push_back(day);
  return found;
}

void history_days::drop(history_day day) {
  database_.execute("drop table " + table_of(day));
  forget();
}

} // namespace wheelwork::postgres
