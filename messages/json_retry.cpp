#include "messages/json_reader.hpp"

#include "schedule/time_text.hpp"

namespace wheelwork {

using nlohmann::json;

namespace {

constexpr uint64_t limit_max = 65'535; // job::retries_used counts up to it
constexpr size_t delays_max = 1000;
constexpr double factor_max = 1000;

void read_delays(const json& value, const std::string& pointer, retry_policy& into, fault_list& faults) {
  if (!value.is_array() || value.empty() || value.size() > delays_max)
    return faults.add(pointer,
                      "must be a list of 1 to " + std::to_string(delays_max) + " durations, such as [\"5s\",\"1m\"]");
  for (size_t i = 0; i < value.size(); ++i)
    if (auto delay = read_duration(value[i], item_pointer(pointer, i), faults)) into.delays.push_back(*delay);
}

void read_growth(member_reader& members, retry_policy& into) {
  into.initial = members.duration("initial").value_or(into.initial);
  into.factor = members.number("factor", 1, factor_max).value_or(into.factor);
  into.max = members.duration("max").value_or(into.max);
  into.jitter = members.number("jitter", 0, 1).value_or(into.jitter);
}

} // namespace

std::optional<retry_policy> read_retry(const json* value, const std::string& pointer, delivery_mode delivery,
                                       fault_list& faults) {
  bool once = delivery == delivery_mode::at_most_once;
  retry_policy read;
  if (once) read.limit = 0;
  if (!value) return read;
  member_reader members{*value, pointer, faults};
  auto limit = members.integer("limit", 0, limit_max);
  auto delays = members.find("delays");
  if (delays) {
    read_delays(*delays, members.pointer_of("delays"), read, faults);
    read.limit = static_cast<uint32_t>(read.delays.size());
    for (auto name : {"initial", "factor", "max", "jitter"})
      if (members.find(name)) members.fault(name, "does not go with `delays`, which are exact: give either of them");
  } else {
    read_growth(members, read);
  }
  if (limit) read.limit = static_cast<uint32_t>(*limit);
  if (once && read.limit > 0)
    members.fault(limit ? "limit" : "delays",
                  "with delivery at_most_once an attempt is never repeated: the limit must be 0");
  members.refuse_unknown();
  return read;
}

json retry_to_json(const retry_policy& retry) {
  json made{{"limit", retry.limit}};
  if (!retry.delays.empty()) {
    auto& delays = made["delays"] = json::array();
    for (auto delay : retry.delays) delays.push_back(format_duration(delay));
    return made;
  }
  made["initial"] = format_duration(retry.initial);
  made["factor"] = retry.factor;
  made["max"] = format_duration(retry.max);
  made["jitter"] = retry.jitter;
  return made;
}

} // namespace wheelwork
