#include "targets/native_runner.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace wheelwork {

namespace {

constexpr milliseconds sleep_max = std::chrono::days{36'500};

/// The whole number under `member` of a JSON object; none: the payload has none there.
std::optional<uint64_t> whole_number(std::string_view payload, const char* member) {
  const auto parsed = nlohmann::json::parse(payload, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  const auto found = parsed.find(member);
  if (found == parsed.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<uint64_t>();
}

native_outcome failed(std::string error) {
  native_outcome outcome;
  outcome.succeeded = false;
  outcome.error = std::move(error);
  return outcome;
}

native_outcome noop(const native_call&) { return {}; }

native_outcome sleep(const native_call& call) {
  const auto duration = whole_number(call.payload, "ms");
  if (!duration || *duration > static_cast<uint64_t>(sleep_max.count()))
    return failed("the handler sleep needs a payload like {\"ms\": 5}, with a whole number of milliseconds");
  native_outcome outcome;
  outcome.finish_after = milliseconds{*duration};
  return outcome;
}

native_outcome fail(const native_call& call) {
  if (call.payload.empty()) return failed("the handler fail fails always when it has no payload");
  const auto times = whole_number(call.payload, "times");
  if (!times) return failed("the handler fail needs a payload like {\"times\": 2}, or none");
  if (call.attempt > *times) return {};
  return failed(fmt::format("attempt {} of {} that the handler fail was told to fail", call.attempt, *times));
}

} // namespace

native_registry::native_registry() {
  add("noop", noop, handler_kind::quick);
  add("sleep", sleep, handler_kind::quick);
  add("fail", fail, handler_kind::quick);
}

void native_registry::add(std::string name, native_handler handler, handler_kind kind) {
  if (name.empty()) throw std::invalid_argument{"a native handler needs a name"};
  if (!handler) throw std::invalid_argument{fmt::format("the native handler {} is an empty function", name)};
  const auto [at, added] = handlers_.try_emplace(std::move(name), entry{std::move(handler), kind});
  if (!added) throw std::invalid_argument{fmt::format("there is a native handler {} already", at->first)};
}

const native_registry::entry* native_registry::find(const std::string& name) const {
  const auto found = handlers_.find(name);
  return found == handlers_.end() ? nullptr : &found->second;
}

std::vector<std::string> native_registry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, handler] : handlers_) names.push_back(name);
  return names;
}

} // namespace wheelwork
