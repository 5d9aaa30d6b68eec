#include "schedule/tz_file.hpp"

#include <algorithm>
#include <cstdint>

namespace wheelwork {

using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

constexpr size_t header_size = 44;

/// The counts of a TZif header, in the order of the file.
struct header {
  uint32_t ut_indicators, standard_indicators, leap_seconds, transitions, types, name_bytes;

  size_t body_size(size_t time_size) const {
    return size_t{transitions} * (time_size + 1) + size_t{types} * 6 + name_bytes +
           size_t{leap_seconds} * (time_size + 4) + standard_indicators + ut_indicators;
  }
};

template <class Integer>
Integer big_endian(std::string_view bytes, size_t position) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(Integer); ++i) value = value << 8 | static_cast<unsigned char>(bytes[position + i]);
  return static_cast<Integer>(value);
}

std::optional<header> read_header(std::string_view bytes) {
  if (bytes.size() < header_size || bytes.substr(0, 4) != "TZif" || bytes[4] < '2') return std::nullopt;
  auto count = [&](size_t index) { return big_endian<uint32_t>(bytes, 20 + 4 * index); };
  return header{count(0), count(1), count(2), count(3), count(4), count(5)};
}

} // namespace

result<tz_file_content, std::string> parse_tz_file(std::string_view bytes) {
  auto first = read_header(bytes);
  if (!first) return failure(std::string{"not a time-zone file of version 2 or later"});
  auto skipped = header_size + first->body_size(4);
  if (bytes.size() < skipped) return failure(std::string{"the file is cut off"});
  bytes.remove_prefix(skipped);
  auto counts = read_header(bytes);
  if (!counts) return failure(std::string{"the file has no 64-bit part"});
  if (counts->leap_seconds != 0) return failure(std::string{"the file counts leap seconds, which UTC here does not"});
  if (bytes.size() < header_size + counts->body_size(8) || counts->types == 0)
    return failure(std::string{"the file is cut off"});

  auto times = header_size;
  auto indexes = times + size_t{counts->transitions} * 8;
  auto types = indexes + counts->transitions;
  auto offset_of_type = [&](size_t type) { return seconds{big_endian<int32_t>(bytes, types + 6 * type)}; };

  tz_file_content content;
  content.first_offset = offset_of_type(0);
  auto offset = content.first_offset;
  for (size_t i = 0; i < counts->transitions; ++i) {
    auto type = static_cast<unsigned char>(bytes[indexes + i]);
    auto at = sys_seconds{seconds{big_endian<int64_t>(bytes, times + 8 * i)}};
    if (type >= counts->types) return failure(std::string{"a transition names a type that is not there"});
    if (at <= time_zone::beginning || at >= time_zone::never) continue;
    if (!content.transitions.empty() && at <= content.transitions.back().at)
      return failure(std::string{"the transitions are not in order"});
    auto changed = offset_of_type(type);
    if (changed == offset) continue;
    content.transitions.push_back({at, changed});
    offset = changed;
  }

  auto footer = bytes.substr(header_size + counts->body_size(8));
  if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n')
    return failure(std::string{"the file has no footer"});
  footer = footer.substr(1, footer.size() - 2);
  if (!footer.empty()) {
    content.rule = posix_zone_rule::parse(footer);
    if (!content.rule) return failure("the footer '" + std::string{footer} + "' is not a rule");
  }
  return content;
}

} // namespace wheelwork
