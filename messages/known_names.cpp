#include "messages/known_names.hpp"

#include "messages/json_reader.hpp"

namespace wheelwork {

namespace {

template <class Connections>
std::optional<std::string> connection_fault(const Connections& known, const std::string& name,
                                            const std::string& table) {
  if (known.contains(name)) return std::nullopt;
  std::string names;
  for (const auto& [each, settings] : known) names += (names.empty() ? "there is " : ", ") + in_backticks(each);
  return "no connection " + in_backticks(name) + " is configured; " +
         (names.empty() ? "write a table [" + table + ".NAME]" : names);
}

std::optional<std::string> redis_fault(const known_names& known, const std::string& name) {
  return known.connections ? connection_fault(known.connections->redis, name, "redis") : std::nullopt;
}
std::optional<std::string> kafka_fault(const known_names& known, const std::string& name) {
  return known.connections ? connection_fault(known.connections->kafka, name, "kafka") : std::nullopt;
}
std::optional<std::string> task_fault(const known_names& known, const std::string& name) {
  if (!known.is_task || known.is_task(name)) return std::nullopt;
  return "there is no task " + name;
}

/// A text below the members of this names.
const std::string* text_at(const nlohmann::json& from, std::initializer_list<const char*> path) {
  const auto* value = &from;
  for (const auto* name : path) {
    if (!value->is_object()) return nullptr;
    const auto found = value->find(name);
    if (found == value->end()) return nullptr;
    value = &*found;
  }
  return value->is_string() ? value->get_ptr<const std::string*>() : nullptr;
}

} // namespace

void find_unknown_names(const nlohmann::json& body, const std::string& base_pointer, const known_names& known,
                        fault_list& faults) {
  const auto look = [&](std::initializer_list<const char*> path, auto fault_of) {
    const auto* name = text_at(body, path);
    if (!name || name->empty()) return;
    auto pointer = base_pointer;
    for (const auto* each : path) pointer = member_pointer(pointer, each);
    if (auto fault = fault_of(known, *name)) faults.add(std::move(pointer), std::move(*fault));
  };
  look({"task"}, task_fault);
  for (const auto* kind : {"redis_list", "redis_stream"}) look({"source", kind, "connection"}, redis_fault);
  look({"source", "kafka", "connection"}, kafka_fault);
  look({"target", "redis", "connection"}, redis_fault);
  look({"target", "kafka", "connection"}, kafka_fault);
}

json_faults unknown_names_of(const new_job& job, const known_names& known) {
  const auto only = [](const char* pointer, std::optional<std::string> fault) {
    return fault ? json_faults{{pointer, std::move(*fault)}} : json_faults{};
  };
  if (!job.task_name.empty()) return only("/task", task_fault(known, job.task_name));
  const auto* how = job.made.how ? &job.made.how->how : nullptr;
  if (const auto* redis = how ? std::get_if<redis_target>(how) : nullptr)
    return only("/target/redis/connection", redis_fault(known, redis->connection));
  if (const auto* kafka = how ? std::get_if<kafka_target>(how) : nullptr)
    return only("/target/kafka/connection", kafka_fault(known, kafka->connection));
  return {};
}

} // namespace wheelwork
