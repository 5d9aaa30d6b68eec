#include "api/query.hpp"

#include "schedule/time_text.hpp"

#include <sodium.h>

#include <algorithm>
#include <charconv>

namespace wheelwork {

namespace {

constexpr const char* not_a_cursor = "must be the `next` of an earlier answer";

} // namespace

query_reader::query_reader(std::string_view query, std::initializer_list<std::string_view> known) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto part = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (part.empty()) continue;
    const auto equal = part.find('=');
    auto name = percent_decode(part.substr(0, equal), true);
    auto value = percent_decode(equal == std::string_view::npos ? "" : part.substr(equal + 1), true);
    if (!name || !value) {
      fault(name.value_or(""), "is not percent-encoded UTF-8");
      continue;
    }
    if (std::find(known.begin(), known.end(), *name) == known.end()) {
      std::string all;
      for (const auto each : known) all.append(all.empty() ? "" : ", ").append(each);
      fault(*name, "is not a parameter of this path" + (all.empty() ? "; it has none" : "; it has " + all));
    } else if (*name != "label" && text(*name)) {
      fault(*name, "stands more than once");
    } else {
      values_.emplace_back(std::move(*name), std::move(*value));
    }
  }
}

void query_reader::fault(std::string_view name, std::string message) {
  faults_.push_back({"/" + std::string{name}, std::move(message)});
}

std::optional<std::string> query_reader::text(std::string_view name) const {
  for (const auto& [each, value] : values_)
    if (each == name) return value;
  return std::nullopt;
}

std::optional<bool> query_reader::boolean(std::string_view name) {
  const auto value = text(name);
  if (!value) return std::nullopt;
  if (*value == "true") return true;
  if (*value == "false") return false;
  fault(name, "must be true or false");
  return std::nullopt;
}

std::optional<size_t> query_reader::number(std::string_view name, size_t from, size_t to) {
  const auto value = text(name);
  if (!value) return std::nullopt;
  size_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error == std::errc{} && end == value->data() + value->size() && number >= from && number <= to) return number;
  fault(name, "must be a whole number from " + std::to_string(from) + " to " + std::to_string(to));
  return std::nullopt;
}

std::optional<wall_time> query_reader::time(std::string_view name) {
  auto value = text(name);
  if (!value) return std::nullopt;
  // A plus of an offset that was not escaped arrives as a blank.
  if (value->size() > 6 && (*value)[value->size() - 6] == ' ' && (*value)[value->size() - 3] == ':' &&
      value->find(':') < value->size() - 6)
    (*value)[value->size() - 6] = '+';
  const auto parsed = parse_time(*value);
  if (parsed) return *parsed;
  fault(name, parsed.error());
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> query_reader::labels() {
  std::vector<std::pair<std::string, std::string>> marks;
  for (const auto& [name, value] : values_) {
    if (name != "label") continue;
    const auto colon = value.find(':');
    if (colon == std::string::npos || colon == 0) {
      faults_.push_back({"/label", "must be NAME:VALUE"});
      continue;
    }
    marks.emplace_back(value.substr(0, colon), value.substr(colon + 1));
  }
  return marks;
}

std::optional<std::string> query_reader::cursor() {
  const auto value = text("cursor");
  if (!value) return std::nullopt;
  std::string position(value->size(), '\0');
  size_t size = 0;
  const char* end = nullptr;
  const int failed =
      sodium_base642bin(reinterpret_cast<unsigned char*>(position.data()), position.size(), value->data(),
                        value->size(), nullptr, &size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  position.resize(failed == 0 ? size : 0);
  if (failed == 0 && end == value->data() + value->size() && size > 0) return position;
  fault("cursor", not_a_cursor);
  return std::nullopt;
}

std::optional<wall_time> query_reader::time_cursor() {
  const auto position = cursor();
  if (!position) return std::nullopt;
  int64_t count = 0;
  const auto [end, error] = std::from_chars(position->data(), position->data() + position->size(), count);
  if (error == std::errc{} && end == position->data() + position->size()) return wall_time{milliseconds{count}};
  fault("cursor", not_a_cursor);
  return std::nullopt;
}

std::string make_cursor(std::string_view position) {
  std::string text(sodium_base64_ENCODED_LEN(position.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(position.data()), position.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.resize(text.size() - 1); // the final NUL
  return text;
}

std::string make_cursor(wall_time position) { return make_cursor(std::to_string(position.time_since_epoch().count())); }

http_answer list_answer(const std::vector<std::string>& items, const std::string& next) {
  std::string text = R"({"items":[)";
  for (const auto& each : items) {
    if (text.back() != '[') text += ',';
    text += each;
  }
  text += next.empty() ? R"(],"next":null})" : R"(],"next":")" + next + "\"}";
  return {200, std::move(text)};
}

} // namespace wheelwork
