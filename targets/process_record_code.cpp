#include "targets/process_record.hpp"

#include <nlohmann/json.hpp>

// Orders and records are CBOR maps: any bytes fit, a cut-off one is noticed, and members can be added later.
namespace wheelwork {

namespace {

using nlohmann::json;

constexpr int record_version = 1;

json bytes(std::string_view text) { return json::binary({text.begin(), text.end()}); }
std::string text_of(const json& value) {
  const auto& content = value.get_binary();
  return {content.begin(), content.end()};
}

json all_bytes(const std::vector<std::string>& texts) {
  json array = json::array();
  for (const auto& text : texts) array.push_back(bytes(text));
  return array;
}
std::vector<std::string> texts_of(const json& array) {
  std::vector<std::string> texts;
  for (const auto& value : array) texts.push_back(text_of(value));
  return texts;
}

json head(const char* kind, attempt_key key) {
  return {{"kind", kind}, {"version", record_version}, {"job", value_of(key.id)}, {"attempt", key.number}};
}
attempt_key key_of(const json& record) {
  return {job_id{record.at("job").get<uint64_t>()}, record.at("attempt").get<uint32_t>()};
}

int64_t count(wall_time time) { return time.time_since_epoch().count(); }
wall_time time_of(const json& value) { return wall_time{milliseconds{value.get<int64_t>()}}; }

std::string packed(const json& record) {
  std::string out;
  json::to_cbor(record, out);
  return out;
}

/// Reads the map and hands it to `read`, which may throw what nlohmann throws.
template <class Value, class Read>
result<Value, std::string> unpacked(const char* kind, std::string_view content, Read read) {
  json record = json::from_cbor(content.begin(), content.end(), true, false);
  if (!record.is_object()) return failure(std::string{"not a whole record"});
  try {
    if (record.at("kind") != kind) return failure(std::string{"not a record of kind "} + kind);
    if (record.at("version") != record_version)
      return failure("version " + record.at("version").dump() + ", expected 1");
    return read(record);
  } catch (const json::exception& fault) {
    return failure(std::string{fault.what()});
  }
}

std::optional<int> number_of(const json& value) {
  return value.is_null() ? std::nullopt : std::optional<int>{value.get<int>()};
}
json number_or_null(std::optional<int> number) { return number ? json(*number) : json(nullptr); }

} // namespace

std::string encode(const process_order& order) {
  json record = head("order", order.key);
  record["executable"] = bytes(order.executable);
  record["arguments"] = all_bytes(order.arguments);
  record["environment"] = all_bytes(order.environment);
  record["home_of_user"] = order.home_of_user;
  record["directory"] = bytes(order.directory);
  record["user"] = bytes(order.user);
  record["timeout"] = order.timeout.count();
  record["kill_grace"] = order.kill_grace.count();
  record["output_limit"] = order.output_limit;
  return packed(record);
}

result<process_order, std::string> decode_order(std::string_view content) {
  return unpacked<process_order>("order", content, [](const json& record) {
    return process_order{.key = key_of(record),
                         .executable = text_of(record.at("executable")),
                         .arguments = texts_of(record.at("arguments")),
                         .environment = texts_of(record.at("environment")),
                         .home_of_user = record.at("home_of_user").get<bool>(),
                         .directory = text_of(record.at("directory")),
                         .user = text_of(record.at("user")),
                         .timeout = milliseconds{record.at("timeout").get<int64_t>()},
                         .kill_grace = milliseconds{record.at("kill_grace").get<int64_t>()},
                         .output_limit = record.at("output_limit").get<size_t>()};
  });
}

std::string encode(const process_start& start) {
  json record = head("start", start.key);
  record["pid"] = start.helper.pid;
  record["start_ticks"] = start.helper.start_ticks;
  record["boot_id"] = start.helper.boot_id;
  record["started_at"] = count(start.started_at);
  record["executable"] = bytes(start.executable);
  return packed(record);
}

result<process_start, std::string> decode_start(std::string_view content) {
  return unpacked<process_start>("start", content, [](const json& record) {
    return process_start{.key = key_of(record),
                         .helper = {.pid = record.at("pid").get<pid_t>(),
                                    .start_ticks = record.at("start_ticks").get<uint64_t>(),
                                    .boot_id = record.at("boot_id").get<std::string>()},
                         .started_at = time_of(record.at("started_at")),
                         .executable = text_of(record.at("executable"))};
  });
}

std::string encode(const process_result& result) {
  json record = head("result", result.key);
  record["outcome"] = to_string(result.outcome);
  record["started"] = result.started;
  record["error"] = bytes(result.error);
  record["exit_code"] = number_or_null(result.exit_code);
  record["signal"] = number_or_null(result.signal);
  record["output"] = bytes(result.output);
  record["truncated"] = result.truncated;
  record["started_at"] = count(result.started_at);
  record["finished_at"] = count(result.finished_at);
  return packed(record);
}

result<process_result, std::string> decode_result(std::string_view content) {
  return unpacked<process_result>("result", content, [](const json& record) -> result<process_result, std::string> {
    auto outcome = parse_attempt_outcome(record.at("outcome").get<std::string>());
    if (!outcome) return failure(std::string{"unknown outcome"});
    return process_result{.key = key_of(record),
                          .outcome = *outcome,
                          .started = record.at("started").get<bool>(),
                          .error = text_of(record.at("error")),
                          .exit_code = number_of(record.at("exit_code")),
                          .signal = number_of(record.at("signal")),
                          .output = text_of(record.at("output")),
                          .truncated = record.at("truncated").get<bool>(),
                          .started_at = time_of(record.at("started_at")),
                          .finished_at = time_of(record.at("finished_at"))};
  });
}

} // namespace wheelwork
