#include "config/option_table.hpp"

#include "config/toml_reader.hpp"
#include "config/value_text.hpp"
#include "schedule/time_text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace wheelwork {
namespace {

template <class... Handlers>
struct overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
overloaded(Handlers...) -> overloaded<Handlers...>;

std::string wrong_type(const config_value& value, std::string_view right) {
  return "is " + std::string{type_name(value)} + ", must be " + std::string{right};
}

std::string one_of(const std::vector<std::string_view>& choices) {
  std::string all;
  for (auto choice : choices) {
    if (!all.empty()) all += choice == choices.back() ? " or " : ", ";
    all += in_quotes(choice);
  }
  return all;
}

std::optional<std::string> check_choice(const option& which, const std::string& text) {
  if (which.choices.empty() || std::find(which.choices.begin(), which.choices.end(), text) != which.choices.end())
    return std::nullopt;
  std::vector<std::string> known(which.choices.begin(), which.choices.end());
  return in_quotes(text) + " is unknown; write " + one_of(which.choices) + did_you_mean(text, known);
}

std::optional<std::string> check_text(const option& which, const std::string& text) {
  if (text.find('\0') != std::string::npos) return "must not hold a NUL character";
  return check_choice(which, text);
}

std::optional<std::string> assign_text(const option& which, std::string& into, const config_value& value) {
  const auto* text = value.text();
  if (text == nullptr) return wrong_type(value, which.choices.empty() ? "a string" : one_of(which.choices));
  if (auto fault = check_text(which, *text)) return fault;
  into = *text;
  return std::nullopt;
}

std::optional<std::string> assign_list(const option& which, std::vector<std::string>& into, const config_value& value) {
  const auto* items = value.array();
  if (items == nullptr) return wrong_type(value, "an array of strings, such as [\"…\"]");
  std::vector<std::string> texts;
  for (const auto& item : *items) {
    const auto* text = item.text();
    if (text == nullptr) return "item " + std::to_string(texts.size() + 1) + " " + wrong_type(item, "a string");
    if (auto fault = check_text(which, *text)) return "item " + std::to_string(texts.size() + 1) + " " + *fault;
    texts.push_back(*text);
  }
  into = std::move(texts);
  return std::nullopt;
}

std::string range_of(const option& which) {
  auto text = [&](int64_t bound) {
    switch (which.kind) {
    case option_kind::duration: return format_duration(milliseconds{bound});
    case option_kind::size: return format_size(static_cast<uint64_t>(bound));
    default: return std::to_string(bound);
    }
  };
  return text(which.least) + " to " + text(which.most);
}

std::optional<std::string> check_range(const option& which, int64_t number, const std::string& shown) {
  if (number >= which.least && number <= which.most) return std::nullopt;
  return shown + " is out of range, must be " + range_of(which);
}

template <class Number>
std::optional<std::string> assign_number(const option& which, Number& into, const config_value& value) {
  int64_t number = 0;
  if (which.kind == option_kind::size) {
    const auto* text = value.text();
    if (text == nullptr) return wrong_type(value, "a size in quotes, such as \"4MiB\"");
    auto bytes = parse_size(*text);
    if (!bytes) return bytes.error();
    number = static_cast<int64_t>(*bytes);
    if (auto fault = check_range(which, number, in_quotes(*text))) return fault;
  } else {
    const auto* whole = std::get_if<int64_t>(&value.what);
    if (whole == nullptr) return wrong_type(value, "an integer from " + range_of(which));
    number = *whole;
    if (auto fault = check_range(which, number, std::to_string(number))) return fault;
  }
  into = static_cast<Number>(number);
  return std::nullopt;
}

std::optional<std::string> assign_duration(const option& which, milliseconds& into, const config_value& value) {
  const auto* text = value.text();
  if (text == nullptr) return wrong_type(value, "a duration in quotes, such as \"30s\"");
  auto span = parse_duration(*text);
  if (!span) return in_quotes(*text) + " is no duration: " + span.error();
  if (auto fault = check_range(which, span->count(), in_quotes(*text))) return fault;
  into = *span;
  return std::nullopt;
}

config_array split(const std::string& text, const config_origin& origin) {
  config_array items;
  for (size_t begin = 0; begin <= text.size() && !text.empty();) {
    size_t end = std::min(text.find(',', begin), text.size());
    auto first = std::min(text.find_first_not_of(" \t", begin), end);
    auto last = end;
    while (last > first && (text[last - 1] == ' ' || text[last - 1] == '\t')) --last;
    items.push_back({text.substr(first, last - first), origin, false});
    begin = end + 1;
  }
  return items;
}

} // namespace

std::optional<std::string> assign(const option& which, settings& into, const config_value& value) {
  return std::visit(overloaded{
                        [&](std::string* slot) { return assign_text(which, *slot, value); },
                        [&](std::vector<std::string>* slot) { return assign_list(which, *slot, value); },
                        [&](milliseconds* slot) { return assign_duration(which, *slot, value); },
                        [&](bool* slot) -> std::optional<std::string> {
                          const auto* truth = std::get_if<bool>(&value.what);
                          if (truth == nullptr) return wrong_type(value, "true or false");
                          *slot = *truth;
                          return std::nullopt;
                        },
                        [&](auto* slot) { return assign_number(which, *slot, value); },
                    },
                    which.slot(into));
}

config_value value_of_text(const option& which, const std::string& text, const config_origin& origin) {
  config_value value{text, origin, false};
  if (which.kind == option_kind::boolean) {
    if (text == "true" || text == "false") value.what = text == "true";
  } else if (which.kind == option_kind::whole_number) {
    int64_t number = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem == std::errc{} && end == text.data() + text.size()) value.what = number;
  } else if (which.kind == option_kind::text_list || which.kind == option_kind::secret_list) {
    if (text.starts_with('[')) {
      if (auto parsed = read_toml_value(text, origin.file)) value.what = std::move(parsed->what);
    } else {
      value.what = split(text, origin);
    }
  }
  return value;
}

std::string toml_text(const option& which, const settings& from) {
  settings copy = from; // slots are for writing
  return std::visit(overloaded{
                        [](std::string* slot) { return in_quotes(*slot); },
                        [](std::vector<std::string>* slot) {
                          std::string list = "[";
                          for (const auto& item : *slot) list += (list.size() > 1 ? ", " : "") + in_quotes(item);
                          return list + "]";
                        },
                        [](milliseconds* slot) { return in_quotes(format_duration(*slot)); },
                        [](bool* slot) { return std::string{*slot ? "true" : "false"}; },
                        [&](auto* slot) {
                          return which.kind == option_kind::size ? in_quotes(format_size(*slot))
                                                                 : std::to_string(*slot);
                        },
                    },
                    which.slot(copy));
}

std::string_view type_of(const option& which) {
  switch (which.kind) {
  case option_kind::text: return "string";
  case option_kind::secret: return "string, secret";
  case option_kind::whole_number: return "integer";
  case option_kind::boolean: return "boolean";
  case option_kind::duration: return "duration";
  case option_kind::size: return "size";
  case option_kind::text_list: return "array of strings";
  case option_kind::secret_list: return "array of strings, secret";
  }
  return "";
}

std::string in_quotes(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (char each : text) {
    auto byte = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') out += '\\';
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += each;
    }
  }
  return out + "\"";
}

} // namespace wheelwork
