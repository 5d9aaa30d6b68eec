// Fields that are lists of ranges with steps: dialect unix and robfig/cron 1.2.0, 2 and 3.
#include "schedule/cron_parser.hpp"

#include "schedule/cron_special_days.hpp"

namespace wheelwork {

namespace {

constexpr cron_field weekday_field{"weekday", 0, 6, weekday_names_from_sunday, 0};
constexpr cron_field weekday_field_to_seven{"weekday", 0, 7, weekday_names_from_sunday, 0};

struct value_list {
  uint64_t bits = 0;
  bool star = false; ///< for the day fields: puts no restriction on the day
};

bool is_star(std::string_view text) { return text == "*" || text == "?"; }

class list_parser {
public:
  list_parser(cron_dialect dialect) : dialect_(dialect) {}

  result<value_list, cron_error> parse(const cron_word& word, const cron_field& field,
                                       cron_day_set* special = nullptr) {
    value_list list;
    auto rest = word;
    cron_word item;
    bool any = false;
    for (bool more = true; more;) {
      more = split_front(rest, item, ',');
      if (item.text.empty() && !is_unix()) continue; // robfig skips them
      any = true;
      if (special != nullptr && is_unix()) {
        auto taken = parse_special_day(item, field, *special);
        if (!taken) return tl::make_unexpected(taken.error());
        if (*taken) continue;
      }
      auto range = parse_range(item, field);
      if (!range) return range;
      list.bits |= range->bits;
      list.star |= range->star;
    }
    if (!any) return cron_failure(word, std::string{field.name} + ": only commas here; a value is missing");
    if (is_unix()) list.star = is_star(word.text.substr(0, 1));
    return list;
  }

private:
  bool is_unix() const { return dialect_ == cron_dialect::unix_cron; }

  static bool is_weekday(const cron_field& field) { return field.name == weekday_field.name; }
  static bool is_day(const cron_field& field) { return is_weekday(field) || field.name == day_field.name; }

  /// value | value-value | * | ?, each with /step or without.
  result<value_list, cron_error> parse_range(const cron_word& item, const cron_field& field) {
    auto step_text = item;
    cron_word base;
    bool has_step = split_front(step_text, base, '/');
    int step = 1;
    if (has_step) {
      // The libraries take any step; a step longer than the field surely means something else than it does.
      auto largest = is_unix() ? field.max - field.min + 1 : 999'999'999;
      auto read = parse_cron_step(step_text, field, largest);
      if (!read) return tl::make_unexpected(read.error());
      step = *read;
    }
    if (is_star(base.text)) {
      if (is_unix() && base.text == "?" && (has_step || !is_day(field)))
        return cron_failure(item, std::string{field.name} + ": '?' stands alone and in a day field only; write *" +
                                      (has_step ? "/" + std::to_string(step) : ""));
      bool star = dialect_ != cron_dialect::robfig_v3 || step == 1;
      return value_list{bits(field, field.min, last_value(field), step), star};
    }
    return parse_bounds(item, base, field, has_step, step);
  }

  result<value_list, cron_error> parse_bounds(const cron_word& item, const cron_word& base, const cron_field& field,
                                              bool has_step, int step) {
    auto last_text = base;
    cron_word first_text;
    bool has_last = split_front(last_text, first_text, '-');
    if (is_star(first_text.text))
      return cron_failure(item, std::string{field.name} + ": " + quoted(first_text.text) +
                                    " is the whole field already and takes no end of a range");
    auto first = parse_cron_value(first_text, field);
    if (!first) return tl::make_unexpected(first.error());
    auto last = *first;
    if (has_last) {
      auto read = parse_cron_value(last_text, field);
      if (!read) return tl::make_unexpected(read.error());
      last = *read;
    } else if (has_step) {
      last = std::max(last, last_value(field));
    }
    if (*first > last) {
      // A week is a circle, fri-mon is clear; 50-10 more likely is a slip.
      if (!is_unix() || !is_weekday(field))
        return cron_failure(item, std::string{field.name} + ": the range " + quoted(base.text) +
                                      " runs backwards; write " + std::to_string(*first) + "-" +
                                      std::to_string(last_value(field)) + "," + std::to_string(field.min) + "-" +
                                      std::to_string(last));
      last += 7;
    }
    return value_list{bits(field, *first, last, step), false};
  }

  /// 7 is Sunday as well as 0; a field that runs to its end must not count it twice.
  static int last_value(const cron_field& field) { return is_weekday(field) ? 6 : field.max; }

  static uint64_t bits(const cron_field& field, int first, int last, int step) {
    uint64_t result = 0;
    for (int64_t value = first; value <= last; value += step)
      result |= uint64_t{1} << (is_weekday(field) ? value % 7 : value);
    return result;
  }

  cron_dialect dialect_;
};

bool is_star_with_or_without_step(std::string_view hour) {
  return is_star(hour.substr(0, hour.find('/'))) && hour.find(',') == std::string_view::npos;
}

} // namespace

result<cron_reading, cron_error> parse_cron_fields(const six_cron_words& words, cron_dialect dialect) {
  const auto& weekdays = dialect == cron_dialect::unix_cron ? weekday_field_to_seven : weekday_field;
  const std::array<const cron_field*, 6> fields{&second_field, &minute_field, &hour_field,
                                                &day_field,    &month_field,  &weekdays};
  cron_reading reading;
  auto& days = reading.sets.days;
  const std::array<cron_day_set*, 6> special{nullptr, nullptr, nullptr, &days.day_of_month, nullptr, &days.day_of_week};
  std::array<value_list, 6> lists;
  list_parser parser{dialect};
  for (size_t i = 0; i < words.size(); ++i) {
    auto list = parser.parse(words[i], *fields[i], special[i]);
    if (!list) return tl::make_unexpected(list.error());
    lists[i] = *list;
  }
  reading.sets.seconds = lists[0].bits;
  reading.sets.minutes = lists[1].bits;
  reading.sets.hours = static_cast<uint32_t>(lists[2].bits);
  days.day_of_month.days = static_cast<month_days>(lists[3].bits >> 1);
  reading.sets.months = static_cast<uint32_t>(lists[4].bits >> 1);
  days.day_of_week.weekdays = static_cast<uint8_t>(lists[5].bits);
  days.either = !lists[3].star && !lists[5].star;
  reading.follows_elapsed_time = is_star_with_or_without_step(words[2].text);
  return reading;
}

} // namespace wheelwork
