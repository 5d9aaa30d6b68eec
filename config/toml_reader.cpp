#include "config/toml_reader.hpp"

#include <toml.hpp>

#include <algorithm>
#include <cctype>
#include <sstream>

namespace wheelwork {
namespace {

/// Deeper nesting than any real file has: the library recurses, so an endless row of brackets would end the process.
constexpr size_t nesting_max = 200;

template <class Time>
config_time time_text(const Time& time) {
  std::ostringstream text;
  text << time;
  return {text.str()};
}

/// Lines of the values of one document. The library counts newlines from the top for each value that it is asked about,
/// which takes minutes for a file with thousands of tasks; so the position is looked up in a list of lines instead.
class line_finder {
public:
  explicit line_finder(const std::string& text) {
    for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) newlines_.push_back(at);
  }

  size_t line_of(const toml::value& value) const {
    const auto* region = dynamic_cast<const toml::detail::region*>(toml::detail::get_region(value));
    return region == nullptr ? value.location().line()
                             : line_of(static_cast<size_t>(region->first() - region->begin()));
  }
  size_t line_of(size_t position) const {
    auto behind = std::lower_bound(newlines_.begin(), newlines_.end(), position);
    return 1 + static_cast<size_t>(behind - newlines_.begin());
  }

private:
  std::vector<size_t> newlines_;
};

config_value convert(const toml::value& from, const std::string& source, const line_finder& lines) {
  config_value into;
  into.origin = {source, lines.line_of(from)};
  switch (from.type()) {
  case toml::value_t::boolean: into.what = from.as_boolean(); break;
  case toml::value_t::integer: into.what = int64_t{from.as_integer()}; break;
  case toml::value_t::floating: into.what = from.as_floating(); break;
  case toml::value_t::string: into.what = from.as_string().str; break;
  case toml::value_t::offset_datetime: into.what = time_text(from.as_offset_datetime()); break;
  case toml::value_t::local_datetime: into.what = time_text(from.as_local_datetime()); break;
  case toml::value_t::local_date: into.what = time_text(from.as_local_date()); break;
  case toml::value_t::local_time: into.what = time_text(from.as_local_time()); break;
  case toml::value_t::array: {
    config_array items;
    for (const auto& item : from.as_array()) items.push_back(convert(item, source, lines));
    into.what = std::move(items);
    break;
  }
  case toml::value_t::table: {
    config_table members;
    for (const auto& [name, value] : from.as_table()) members.push_back({name, convert(value, source, lines)});
    // The library keeps no order; that of the lines is what a reader of the faults expects.
    std::sort(members.begin(), members.end(), [](const config_member& left, const config_member& right) {
      return std::tie(left.value.origin.line, left.name) < std::tie(right.value.origin.line, right.name);
    });
    into.what = std::move(members);
    break;
  }
  default: into.what = std::string{}; break; // `empty` never comes out of a parsed document
  }
  return into;
}

/// The library's report is a drawing over several lines; its first line says what, a line `12 | text` says where.
config_fault from_report(const std::string& report, size_t fallback_line, const std::string& source) {
  config_fault fault{source, fallback_line, "", ""};
  std::istringstream lines{report};
  std::string line;
  std::getline(lines, line);
  for (std::string_view prefix : {"[error] ", "toml::"})
    if (line.starts_with(prefix)) line.erase(0, prefix.size());
  if (auto colon = line.find(": "); colon != std::string::npos && line.find(' ') > colon) line.erase(0, colon + 2);
  fault.message = "not valid TOML: " + line;
  if (line.find("already exists") != std::string::npos)
    fault.message += "; write a table before the lists of tables in it: [api] before [[api.tokens]]";
  std::string comment;
  while (std::getline(lines, line)) {
    size_t digits = line.find_first_not_of(' ');
    size_t end = digits;
    while (end < line.size() && std::isdigit(static_cast<unsigned char>(line[end]))) ++end;
    if (end != digits && line.compare(end, 3, " | ") == 0) {
      fault.line =
          std::stoul(line.substr(digits, end - digits)); // the last one: a repeated key is blamed, not the first
      comment.clear();
    } else if (auto mark = line.find_last_of("^~"); mark != std::string::npos) {
      auto text = line.find_first_not_of("^~- ", mark);
      comment = text == std::string::npos ? "" : line.substr(text);
    }
  }
  if (!comment.empty()) fault.message += " (" + comment + ")";
  return fault;
}

/// The first position of a byte that is no UTF-8, or npos. Overlong forms, surrogates and code points above U+10FFFF
/// are none.
size_t first_invalid_utf8(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    auto byte = [&](size_t offset) {
      return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0u;
    };
    unsigned lead = byte(0);
    size_t length = lead < 0x80                   ? 1
                    : lead >= 0xC2 && lead < 0xE0 ? 2
                    : lead >= 0xE0 && lead < 0xF0 ? 3
                    : lead >= 0xF0 && lead < 0xF5 ? 4
                                                  : 0;
    if (length == 0) return at;
    for (size_t next = 1; next < length; ++next)
      if ((byte(next) & 0xC0u) != 0x80) return at;
    bool outside = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F) ||
                   (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F);
    if (outside) return at;
    at += length;
  }
  return std::string::npos;
}

/// Where brackets outside strings and comments are nested too deep, or npos.
size_t too_deep(const std::string& text) {
  size_t depth = 0;
  char quote = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    char here = text[at];
    if (quote != 0) {
      if (here == '\\' && quote == '"')
        ++at;
      else if (here == quote || here == '\n')
        quote = 0; // a multi-line string only makes the count larger or smaller by its own brackets
    } else if (here == '"' || here == '\'') {
      quote = here;
    } else if (here == '#') {
      at = std::min(text.find('\n', at), text.size() - 1);
    } else if (here == '[' || here == '{') {
      if (++depth > nesting_max) return at;
    } else if ((here == ']' || here == '}') && depth > 0) {
      --depth;
    }
  }
  return std::string::npos;
}

} // namespace

result<config_table, config_fault> read_toml(const std::string& text, const std::string& source) {
  line_finder lines{text};
  if (auto bad = first_invalid_utf8(text); bad != std::string::npos)
    return failure(
        config_fault{source, lines.line_of(bad), "", "not valid TOML: the file must be UTF-8, and this line is not"});
  if (auto deep = too_deep(text); deep != std::string::npos)
    return failure(config_fault{source, lines.line_of(deep), "",
                                "nested deeper than " + std::to_string(nesting_max) + " brackets"});
  auto fault = config_fault{};
  try {
    std::istringstream stream{text};
    auto document = convert(toml::parse(stream, source), source, lines);
    return std::move(*document.table());
  } catch (const toml::exception& problem) {
    fault = from_report(problem.what(), problem.location().line(), source);
  } catch (const std::exception& problem) {
    fault = from_report(problem.what(), 0, source);
  }
  // What is missing at the end is reported behind the last line.
  fault.line = std::min(fault.line, lines.line_of(text.empty() ? 0 : text.size() - 1));
  return failure(std::move(fault));
}

result<config_value, std::string> read_toml_value(const std::string& text, const std::string& source) {
  if (text.find('\n') != std::string::npos) return failure(std::string{"must be one line"});
  auto document = read_toml("value = " + text, source);
  if (!document) return failure(document.error().message);
  auto value = std::move(document->front().value);
  set_origin(value, {source, 0}, false);
  return value;
}

} // namespace wheelwork
