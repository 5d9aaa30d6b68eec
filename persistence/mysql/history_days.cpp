#include "persistence/mysql/history_days.hpp"

#include "persistence/mysql/error_text.hpp"
#include "persistence/mysql/sql_retention.hpp"
#include "persistence/rows.hpp"

namespace wheelwork::mysql {

namespace {

constexpr std::chrono::days one_day{1};
/// A partition takes all rows from the end of the one before it. So a day without one lies in the next, and goes with
/// it; one that is much later would keep it too long.
constexpr std::chrono::days serves_for{7};
constexpr unsigned same_partition_name = 1517, bounds_must_grow = 1493;

/// Who waits for a table has everybody else wait behind.
class short_wait {
public:
  explicit short_wait(connection& database) : database_{database} {
    database_.execute("set session lock_wait_timeout = 1");
  }
  ~short_wait() {
    try {
      database_.execute("set session lock_wait_timeout = 3");
    } catch (const std::exception&) {
      return; // the session is lost, and with it the setting
    }
  }
  short_wait(const short_wait&) = delete;
  short_wait& operator=(const short_wait&) = delete;

private:
  connection& database_;
};

std::string bounds_of(history_day day) {
  return "partition " + history_days::partition_of(day) + " values less than (" +
         std::to_string(to_column(wall_time{day + one_day})) + ")";
}

} // namespace

std::string history_days::partition_of(history_day day) {
  const std::chrono::year_month_day date{day};
  const int number = static_cast<int>(date.year()) * 10'000 +
                     static_cast<int>(static_cast<unsigned>(date.month())) * 100 +
                     static_cast<int>(static_cast<unsigned>(date.day()));
  std::string text = std::to_string(number);
  constexpr size_t digits = 8;
  text.insert(0, digits - std::min(digits, text.size()), '0');
  return "p" + text;
}

const std::set<history_day>& history_days::known() {
  if (known_) return *known_;
  std::set<history_day> found;
  for (auto all = database_.query(sql::history_partitions, database_.with_table_prefix_of("ww_job_history"));
       all.next();)
    if (const int64_t end = all->integer(0); end > 0) found.insert(day_of(to_time(end - 1)));
  return known_.emplace(std::move(found));
}

void history_days::alter(const std::string& how) { database_.execute("alter table ww_job_history " + how); }

void history_days::ensure(history_day day) {
  if (day == last_ensured_ && known_) return;
  const auto serving = known().lower_bound(day);
  if (serving == known().end() || *serving - day > serves_for) {
    try {
      if (serving == known().end())
        alter("add partition (" + bounds_of(day) + ")");
      else // few rows are in it: it was made for a time far ahead
        alter("reorganize partition " + partition_of(*serving) + " into (" + bounds_of(day) + ", " +
              bounds_of(*serving) + ")");
    } catch (const failure& error) {
      // Another writer may have made it meanwhile.
      if (error.number() != same_partition_name && error.number() != bounds_must_grow) throw;
    }
    forget();
  }
  known();
  last_ensured_ = day;
}

std::optional<history_day> history_days::oldest_before(wall_time time) {
  const auto& all = known();
  if (all.empty() || wall_time{*all.begin() + one_day} > time) return std::nullopt;
  return *all.begin();
}

void history_days::ensure_ahead(history_day day) {
  const short_wait in_the_session{database_};
  ensure(day);
}

void history_days::drop(history_day day) {
  forget();
  const short_wait in_the_session{database_};
  alter("drop partition " + partition_of(day));
}

} // namespace wheelwork::mysql
