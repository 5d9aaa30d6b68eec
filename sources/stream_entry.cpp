#include "sources/stream_entry.hpp"

#include "brokers/json_bytes.hpp"
#include "messages/json_reader.hpp"

#include <charconv>

namespace wheelwork {

namespace {

void add(nlohmann::ordered_json& to, const std::string& name, std::string value) {
  const auto found = to.find(name);
  if (found == to.end())
    to[name] = std::move(value);
  else if (found->is_array())
    found->push_back(std::move(value));
  else
    *found = nlohmann::ordered_json::array({*found, std::move(value)});
}

} // namespace

std::string json_of_fields(const redis_value& fields) {
  auto object = nlohmann::ordered_json::object();
  for (size_t each = 0; each + 1 < fields.size(); each += 2) {
    const auto raw_name = fields[each].text();
    const auto value = fields[each + 1].text();
    const std::string name = is_utf8(raw_name) ? std::string{raw_name} : "base64:" + base64_of(raw_name);
    if (is_utf8(value))
      add(object, name, std::string{value});
    else
      add(object, name + "_base64", base64_of(value));
  }
  return object.dump();
}

size_t size_of_fields(const redis_value& fields) {
  size_t size = 0;
  for (size_t each = 0; each < fields.size(); ++each) size += fields[each].text().size();
  return size;
}

std::optional<wall_time> time_of_entry(std::string_view id) {
  constexpr int64_t year_2000 = 946'684'800'000;
  int64_t time = 0;
  std::from_chars(id.data(), id.data() + id.size(), time);
  if (time < year_2000 || time > latest_wall_time.time_since_epoch().count()) return std::nullopt;
  return wall_time{milliseconds{time}};
}

} // namespace wheelwork
