// Short ways to decode in tests of the JSON codec.
#pragma once

#include "messages/json.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace wheelwork {

inline constexpr wall_time test_now{milliseconds{1'800'000'000'000}}; // 2027-01-15T08:00:00Z
inline const json_context test_context{.now = test_now};

inline std::vector<std::string> pointers_of(const json_faults& faults) {
  std::vector<std::string> pointers;
  for (auto& fault : faults) pointers.push_back(fault.pointer);
  return pointers;
}

/// The pointers of all faults in a task; empty: it is right.
inline std::vector<std::string> task_faults(std::string_view text) {
  auto read = task_from_text(text, "", test_context);
  return read ? std::vector<std::string>{} : pointers_of(read.error());
}
inline std::vector<std::string> job_faults(std::string_view text) {
  auto read = job_from_text(text, test_context);
  return read ? std::vector<std::string>{} : pointers_of(read.error());
}
/// All messages of the faults in a job, one a line.
inline std::string job_messages(std::string_view text) {
  auto read = job_from_text(text, test_context);
  std::string all;
  if (!read)
    for (auto& fault : read.error()) all += fault.pointer + ": " + fault.message + "\n";
  return all;
}

inline const std::string noop_target = R"("target":{"native":{"handler":"noop"}})";
/// A job with these members beside its target.
inline std::string job_with(const std::string& members) { return "{" + noop_target + "," + members + "}"; }
/// A task that is right but for these members.
inline std::string task_with(const std::string& members) {
  return R"({"name":"t","schedule":{"every":"1s"},)" + noop_target + "," + members + "}";
}
/// A job with this http target's members.
inline std::string http_job(const std::string& members) { return R"({"target":{"http":{)" + members + "}}}"; }

} // namespace wheelwork
