#include "messages/http_url.hpp"
#include "messages/json_reader.hpp"
#include "messages/json_text.hpp"
#include "messages/keyed_hash.hpp"
#include "messages/target_interner.hpp"

#include "schedule/time_text.hpp"

#include <stdexcept>

namespace wheelwork {

using nlohmann::json;

namespace {

/// Fills in what follows from the other members.
void complete(resolved_target& made) {
  json spec{{"target", target_to_json(made.how)},
            {"retry", retry_to_json(made.retry)},
            {"timeout", format_duration(made.timeout)},
            {"delivery", to_string(made.delivery)},
            {"history", to_string(made.history)}};
  made.spec = spec.dump();
  made.hash = blake2b_128(made.spec);
  if (auto http = std::get_if<http_target>(&made.how)) made.lane = lane_of_url(http->url).value_or("");
  if (auto worker = std::get_if<worker_target>(&made.how)) made.lane = worker->queue;
}

resolved_target read_members(member_reader& members) {
  resolved_target read;
  if (auto target = members.find("target")) {
    if (auto how = read_target(*target, members.pointer_of("target"), members.faults())) read.how = std::move(*how);
  } else if (members.is_object()) {
    members.fault("target", "is missing; it has exactly one of http, process, native, worker, redis, kafka");
  }
  read.delivery =
      members.choice("delivery", {delivery_mode::at_least_once, delivery_mode::at_most_once}).value_or(read.delivery);
  if (auto retry = read_retry(members.find("retry"), members.pointer_of("retry"), read.delivery, members.faults()))
    read.retry = std::move(*retry);
  read.timeout = members.duration("timeout", milliseconds{1}).value_or(read.timeout);
  read.history = members.choice("history", {history_policy::all, history_policy::failures, history_policy::none})
                     .value_or(read.history);
  return read;
}

} // namespace

resolved_target_ptr shared_target(resolved_target made) {
  complete(made);
  return shared_targets().intern(std::move(made));
}

resolved_target_ptr read_resolved_target(member_reader& members) {
  auto read = read_members(members);
  if (!members.faults().empty()) return nullptr;
  return shared_target(std::move(read));
}

result<resolved_target, json_faults> resolved_target_from_json(const json& body, const json_context& context) {
  fault_list faults;
  member_reader members{body, std::string{context.base_pointer}, faults};
  auto read = read_members(members);
  if (!faults.empty()) return failure(faults.take());
  complete(read);
  return read;
}

resolved_target_ptr resolved_target_from_spec(std::string_view spec) {
  if (auto known = shared_targets().find(spec)) return known;
  auto body = parse_json_body(spec);
  if (body) {
    if (auto read = resolved_target_from_json(*body->value, {})) {
      // The row is looked up by the hash of its text, so the text stays what it is, whatever a later release would
      // write.
      read->spec = spec;
      read->hash = blake2b_128(spec);
      return shared_targets().intern(std::move(*read));
    } else {
      body = failure(read.error());
    }
  }
  auto& fault = body.error().front();
  throw std::invalid_argument("a stored target can't be read: " + fault.pointer + " " + fault.message);
}

} // namespace wheelwork
