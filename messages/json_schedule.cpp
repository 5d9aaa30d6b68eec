#include "messages/json_reader.hpp"

#include "schedule/time_text.hpp"

namespace wheelwork {

using nlohmann::json;

namespace {

constexpr milliseconds period_min{100};
constexpr std::string_view expected_kinds = "exactly one of `cron`, `every`, `at`";

std::string_view name_of(dst_gap gap) { return gap == dst_gap::after ? "after" : "skip"; }
std::string_view name_of(dst_overlap overlap) {
  switch (overlap) {
  case dst_overlap::first: return "first";
  case dst_overlap::last: return "last";
  case dst_overlap::both: return "both";
  }
  return "?";
}

std::optional<task_schedule> read_cron(member_reader& members, dst_rule dst) {
  auto text = members.text("cron", {.max = 1024, .controls = true});
  auto dialect_names = {cron_dialect::unix_cron, cron_dialect::robfig_v1, cron_dialect::robfig_v2,
                        cron_dialect::robfig_v3, cron_dialect::apscheduler};
  auto dialect = members.choice("dialect", dialect_names).value_or(cron_dialect::unix_cron);
  auto zone_name = members.text("time_zone").value_or("UTC");
  // Checked alone first: then what is left belongs to the expression.
  if (auto zone = find_time_zone(zone_name); !zone) {
    members.fault("time_zone", zone.error());
    zone_name = "UTC";
  }
  if (!text) return std::nullopt;
  auto made = make_cron_schedule(*text, dialect, zone_name, dst);
  if (!made) {
    members.fault("cron", "position " + std::to_string(made.error().position + 1) + ": " + made.error().message);
    return std::nullopt;
  }
  return *std::move(made);
}

/// A member that has one possible value beside being left out.
bool read_flag(member_reader& members, std::string_view name, std::string_view value) {
  auto member = members.find(name);
  if (!member) return false;
  if (*member == value) return true;
  members.fault(name, "can only be \"" + std::string{value} + "\"; leave it out otherwise");
  return false;
}

std::optional<task_schedule> read_every(member_reader& members) {
  every_schedule read;
  auto period = members.duration("every", period_min);
  read.anchor = members.time("anchor", null_means::absent);
  read.first_now = read_flag(members, "first", "now");
  read.from_end = read_flag(members, "from", "end");
  if (!period) return std::nullopt;
  read.period = *period;
  return read;
}

} // namespace

std::optional<task_schedule> read_schedule(const json& value, const std::string& pointer, dst_rule dst,
                                           fault_list& faults) {
  if (!value.is_object()) {
    faults.add(pointer,
               "must be an object with " + std::string{expected_kinds} + ", not " + std::string{kind_text(value)});
    return std::nullopt;
  }
  auto kinds = value.count("cron") + value.count("every") + value.count("at");
  if (kinds != 1) {
    faults.add(pointer, "must have " + std::string{expected_kinds} + "; it has " + (kinds == 0 ? "none" : "more"));
    return std::nullopt;
  }
  member_reader members{value, pointer, faults};
  std::optional<task_schedule> read;
  if (value.contains("cron"))
    read = read_cron(members, dst);
  else if (value.contains("every"))
    read = read_every(members);
  else if (auto time = members.time("at"))
    read = at_schedule{*time};
  members.refuse_unknown();
  return read;
}

dst_rule read_dst(const json& value, const std::string& pointer, fault_list& faults) {
  dst_rule read;
  member_reader members{value, pointer, faults};
  auto name = [](auto one) { return name_of(one); };
  read.gap = members.choice("gap", {dst_gap::after, dst_gap::skip}, name).value_or(read.gap);
  read.overlap = members.choice("overlap", {dst_overlap::first, dst_overlap::last, dst_overlap::both}, name)
                     .value_or(read.overlap);
  members.refuse_unknown();
  return read;
}

result<task_schedule, json_faults> schedule_from_json(const json& body, const json_context& context, dst_rule dst) {
  fault_list faults;
  auto read = read_schedule(body, std::string{context.base_pointer}, dst, faults);
  if (!faults.empty()) return failure(faults.take());
  return *std::move(read);
}

result<dst_rule, json_faults> dst_from_json(const json& body, const json_context& context) {
  fault_list faults;
  auto read = read_dst(body, std::string{context.base_pointer}, faults);
  if (!faults.empty()) return failure(faults.take());
  return read;
}

json schedule_to_json(const task_schedule& schedule) {
  if (auto cron = std::get_if<cron_schedule>(&schedule))
    return {{"cron", cron->text}, {"time_zone", cron->zone_name}, {"dialect", to_string(cron->dialect)}};
  if (auto at = std::get_if<at_schedule>(&schedule)) return {{"at", format_time(at->time)}};
  auto& every = std::get<every_schedule>(schedule);
  json made{{"every", format_duration(every.period)}};
  if (every.anchor) made["anchor"] = format_time(*every.anchor);
  if (every.first_now) made["first"] = "now";
  if (every.from_end) made["from"] = "end";
  return made;
}

json dst_to_json(const dst_rule& dst) { return {{"gap", name_of(dst.gap)}, {"overlap", name_of(dst.overlap)}}; }

} // namespace wheelwork
