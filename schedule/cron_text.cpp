#include "schedule/cron_text.hpp"

#include <algorithm>

namespace wheelwork {

namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Numbers with more digits than any field needs end up as this.
constexpr int too_large = 1'000'000'000;

int to_number(std::string_view digits) {
  int value = 0;
  for (auto c : digits) value = value >= too_large / 10 ? too_large : value * 10 + (c - '0');
  return value;
}

std::string what_fits(const cron_field& field) {
  auto range = std::to_string(field.min) + " to " + std::to_string(field.max);
  if (field.names.empty()) return "a number from " + range;
  return "a number from " + range + " or a name from " + std::string{field.names.front()} + " to " +
         std::string{field.names.back()};
}

} // namespace

cron_word trimmed(cron_word word) {
  auto begin = word.text.find_first_not_of(cron_blanks);
  if (begin == std::string_view::npos) return word.part(word.text.size());
  auto end = word.text.find_last_not_of(cron_blanks) + 1;
  return word.part(begin, end - begin);
}

std::vector<cron_word> split_at_blanks(cron_word text) {
  std::vector<cron_word> words;
  for (auto rest = trimmed(text); !rest.text.empty();) {
    auto end = std::min(rest.text.find_first_of(cron_blanks), rest.text.size());
    words.push_back(rest.part(0, end));
    rest = rest.part(std::min(rest.text.find_first_not_of(cron_blanks, end), rest.text.size()));
  }
  return words;
}

bool split_front(cron_word& rest, cron_word& front, char separator) {
  auto end = rest.text.find(separator);
  front = rest.part(0, end);
  if (end == std::string_view::npos) {
    rest = rest.part(rest.text.size());
    return false;
  }
  rest = rest.part(end + 1);
  return true;
}

std::string quoted(std::string_view text) {
  constexpr size_t longest = 32;
  constexpr std::string_view hex = "0123456789abcdef";
  std::string shown{"'"};
  for (auto c : text.substr(0, longest)) {
    if (c >= ' ' && c <= '~') {
      shown += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      shown += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    }
  }
  return shown + (text.size() > longest ? "...'" : "'");
}

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (auto& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

tl::unexpected<cron_error> cron_failure(size_t position, std::string message) {
  return tl::make_unexpected(cron_error{position, std::move(message)});
}

tl::unexpected<cron_error> cron_failure(const cron_word& word, std::string message) {
  return cron_failure(word.position, std::move(message));
}

result<int, cron_error> parse_cron_value(const cron_word& word, const cron_field& field) {
  auto fault = [&](const std::string& what) {
    return cron_failure(word, std::string{field.name} + ": " + what + "; it takes " + what_fits(field));
  };
  if (word.text.empty()) return fault("a value is missing here");
  if (all_digits(word.text)) {
    auto value = to_number(word.text);
    if (value < field.min) return fault(quoted(word.text) + " is too small");
    if (value > field.max) return fault(quoted(word.text) + " is too large");
    return value;
  }
  if (word.text.size() == 3) {
    auto found = std::find(field.names.begin(), field.names.end(), lower_case(word.text));
    if (found != field.names.end()) return field.first_named + static_cast<int>(found - field.names.begin());
  }
  return fault(quoted(word.text) + " is not known");
}

result<int, cron_error> parse_cron_step(const cron_word& word, const cron_field& field, int max) {
  auto fault = [&](const std::string& what) { return cron_failure(word, std::string{field.name} + ": " + what); };
  if (!all_digits(word.text))
    return fault("the step " + quoted(word.text) + " after / must be a whole number from 1 on");
  auto step = to_number(word.text);
  if (step == 0) return fault("a step of 0 would never advance; it must be 1 or more");
  if (step > max)
    return fault("a step of " + quoted(word.text) + " is too large here; it can be at most " + std::to_string(max));
  return step;
}

} // namespace wheelwork
