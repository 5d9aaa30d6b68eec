// The crontab texts of APScheduler 3.6.1: five fields, the week begins with Monday = 0, both day fields must match.
// The day of month also takes `last`, `2nd fri` and `last sun`. Where that library reads a prefix and ignores the rest
// of a value
// (`mon-fri/2`), this is an error that says so: nobody can have meant what it does.
#include "schedule/cron_parser.hpp"

#include <algorithm>

namespace wheelwork {

namespace {

constexpr cron_field weekday_from_monday_field{"weekday", 0, 6, weekday_names_from_monday, 0};

constexpr std::string_view positions[]{"1st", "2nd", "3rd", "4th", "5th", "last"};
constexpr size_t last_position = 5;

template <class Names>
std::optional<size_t> index_in(const Names& names, std::string_view text) {
  auto found = std::find(std::begin(names), std::end(names), lower_case(text));
  if (found == std::end(names)) return std::nullopt;
  return static_cast<size_t>(found - std::begin(names));
}

bool is_blank(char c) { return cron_blanks.find(c) != std::string_view::npos; }

/// The words between blanks, but a position and the weekday after it (`2nd fri`, `last sun`) stay together, and so do
/// lists of them.
std::vector<cron_word> split_fields(cron_word text) {
  auto words = split_at_blanks(text);
  std::vector<cron_word> fields;
  for (size_t i = 0; i < words.size(); ++i) {
    auto field = words[i];
    while (i + 1 < words.size()) {
      auto last_item = field.text.substr(field.text.rfind(',') + 1);
      auto next_item = words[i + 1].text.substr(0, words[i + 1].text.find(','));
      if (!index_in(positions, last_item) || !index_in(weekday_names_from_monday, next_item)) break;
      ++i;
      field.text =
          text.text.substr(field.position - text.position, words[i].position + words[i].text.size() - field.position);
    }
    fields.push_back(field);
  }
  return fields;
}

/// Steps must fit into the range that they divide, counted as the library does.
result<int, cron_error> parse_step(const cron_word& text, const cron_field& field, int first, int last) {
  auto largest = std::min(field.max - field.min, (last == 0 ? field.max : last) - first);
  if (largest < 1)
    return cron_failure(text, std::string{field.name} + ": a range of one value takes no step; leave /" +
                                  std::string{text.text.substr(0, 8)} + " away");
  return parse_cron_step(text, field, largest);
}

uint64_t bits(int first, int last, int step) {
  uint64_t result = 0;
  for (int value = first; value <= last; value += step) result |= uint64_t{1} << value;
  return result;
}

/// * | n | n-m, each with /step, or names without steps.
result<uint64_t, cron_error> parse_item(const cron_word& item, const cron_field& field) {
  auto step_text = item;
  cron_word base;
  bool has_step = split_front(step_text, base, '/');
  int first = field.min, last = field.max;
  if (base.text != "*") {
    auto last_text = base;
    cron_word first_text;
    bool has_last = split_front(last_text, first_text, '-');
    auto read = parse_cron_value(first_text, field);
    if (!read) return tl::make_unexpected(read.error());
    first = *read;
    if (!has_step) last = first;
    auto is_name = [](const cron_word& word) {
      return word.text.find_first_of("0123456789") == std::string_view::npos;
    };
    if (has_last) {
      read = parse_cron_value(last_text, field);
      if (!read) return tl::make_unexpected(read.error());
      last = *read;
      if (is_name(first_text) != is_name(last_text))
        return cron_failure(item, std::string{field.name} + ": " + quoted(base.text) +
                                      " mixes a name and a number, of which APScheduler would see the first only");
    }
    if (has_step && is_name(first_text))
      return cron_failure(step_text, std::string{field.name} +
                                         ": APScheduler ignores a step after names; write the range in numbers");
    if (first > last)
      return cron_failure(item, std::string{field.name} + ": the range " + quoted(base.text) +
                                    " runs backwards; write two ranges with a comma between them");
  }
  if (!has_step) return bits(first, last, 1);
  auto step = parse_step(step_text, field, first, last);
  if (!step) return tl::make_unexpected(step.error());
  return bits(first, last, *step);
}

/// `last`, `2nd fri`, `last sun`; false: something else.
result<bool, cron_error> parse_position(const cron_word& item, cron_day_set& set) {
  auto end = static_cast<size_t>(std::find_if(item.text.begin(), item.text.end(), is_blank) - item.text.begin());
  auto position = index_in(positions, item.text.substr(0, end));
  if (!position) return false;
  auto weekday_text = trimmed(item.part(end));
  if (weekday_text.text.empty()) {
    if (*position != last_position)
      return cron_failure(item, "day of month: " + quoted(item.text) + " needs a weekday after it, such as " +
                                    std::string{item.text} + " fri");
    set.before_last |= 1;
    return true;
  }
  auto weekday = index_in(weekday_names_from_monday, weekday_text.text);
  if (!weekday)
    return cron_failure(weekday_text,
                        "day of month: " + quoted(weekday_text.text) + " is not a weekday; it can be mon to sun");
  auto bit = static_cast<uint8_t>(1 << (*weekday + 1) % 7);
  (*position == last_position ? set.last_weekdays : set.nth_weekdays[*position]) |= bit;
  return true;
}

result<uint64_t, cron_error> parse_list(const cron_word& word, const cron_field& field, cron_day_set* set = nullptr) {
  uint64_t result = 0;
  auto rest = word;
  cron_word item;
  for (bool more = true; more;) {
    more = split_front(rest, item, ',');
    item = trimmed(item);
    if (set != nullptr) {
      auto taken = parse_position(item, *set);
      if (!taken) return tl::make_unexpected(taken.error());
      if (*taken) continue;
    }
    auto values = parse_item(item, field);
    if (!values) return values;
    result |= *values;
  }
  return result;
}

} // namespace

result<cron_reading, cron_error> parse_apscheduler(cron_word text) {
  if (text.text.starts_with('@'))
    return cron_failure(text,
                        "the apscheduler dialect has no @ texts; write five fields: minute hour day month weekday");
  auto fields = split_fields(text);
  if (fields.size() != 5)
    return cron_failure(fields.size() > 5 ? fields[5].position : text.position + text.text.size(),
                        "found " + std::to_string(fields.size()) +
                            " fields; the apscheduler dialect takes exactly 5: minute hour day month weekday");
  cron_reading reading;
  auto& sets = reading.sets;
  const std::array<const cron_field*, 5> kinds{&minute_field, &hour_field, &day_field, &month_field,
                                               &weekday_from_monday_field};
  std::array<uint64_t, 5> lists{};
  for (size_t i = 0; i < lists.size(); ++i) {
    auto list = parse_list(fields[i], *kinds[i], i == 2 ? &sets.days.day_of_month : nullptr);
    if (!list) return tl::make_unexpected(list.error());
    lists[i] = *list;
  }
  sets.seconds = 1;
  sets.minutes = lists[0];
  sets.hours = static_cast<uint32_t>(lists[1]);
  sets.days.day_of_month.days = static_cast<month_days>(lists[2] >> 1);
  sets.months = static_cast<uint32_t>(lists[3] >> 1);
  // From Monday = bit 0 to Sunday = bit 0.
  sets.days.day_of_week.weekdays = static_cast<uint8_t>((lists[4] << 1 & 0x7e) | (lists[4] >> 6 & 1));
  reading.follows_elapsed_time = fields[1].text.starts_with('*') && fields[1].text.find(',') == std::string_view::npos;
  return reading;
}

} // namespace wheelwork
