// Pieces of a cron text with their places, and the errors that name them.
#pragma once

#include "schedule/cron.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wheelwork {

/// A part of the text; `position` is its first byte in the whole text.
struct cron_word {
  std::string_view text;
  size_t position = 0;

  cron_word part(size_t from, size_t count = std::string_view::npos) const {
    return {text.substr(from, count), position + from};
  }
};

inline constexpr std::string_view cron_blanks = " \t\n\v\f\r";

/// Without blanks at both ends.
cron_word trimmed(cron_word word);

/// The parts between blanks.
std::vector<cron_word> split_at_blanks(cron_word text);

/// Cuts the part before the next `separator` off the front of `rest`; what is left begins after it. Returns false when
/// that was the last one.
bool split_front(cron_word& rest, cron_word& front, char separator);

/// In quotes, at most 32 bytes, unprintable bytes as \xNN: fit for messages whatever was typed.
std::string quoted(std::string_view text);

std::string lower_case(std::string_view text);

tl::unexpected<cron_error> cron_failure(size_t position, std::string message);
tl::unexpected<cron_error> cron_failure(const cron_word& word, std::string message);

/// What one field takes.
struct cron_field {
  std::string_view name; ///< in messages
  int min, max;
  std::span<const std::string_view> names{}; ///< lower case, three letters each
  int first_named = 0;                       ///< the value of names[0]
};

/// A number within the bounds of the field, or one of its names.
result<int, cron_error> parse_cron_value(const cron_word& word, const cron_field& field);

/// A step: a whole number from 1 to `max`.
result<int, cron_error> parse_cron_step(const cron_word& word, const cron_field& field, int max);

inline constexpr std::string_view month_names[]{"jan", "feb", "mar", "apr", "may", "jun",
                                                "jul", "aug", "sep", "oct", "nov", "dec"};
inline constexpr std::string_view weekday_names_from_sunday[]{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
inline constexpr std::string_view weekday_names_from_monday[]{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

inline constexpr cron_field second_field{"second", 0, 59};
inline constexpr cron_field minute_field{"minute", 0, 59};
inline constexpr cron_field hour_field{"hour", 0, 23};
inline constexpr cron_field day_field{"day of month", 1, 31};
inline constexpr cron_field month_field{"month", 1, 12, month_names, 1};

} // namespace wheelwork
