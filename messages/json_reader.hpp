// Inside messages/: reads the members of JSON objects and collects everything that is wrong with them, so that a user
// sees all faults at once, each with its JSON pointer and what would be right.
#pragma once

#include "messages/json.hpp"

#include <nlohmann/json.hpp>

#include <initializer_list>
#include <limits>

namespace wheelwork {

/// Faults in the order of their finding; the first 100 are kept, the others counted.
class fault_list {
public:
  void add(std::string pointer, std::string message);
  bool empty() const { return faults_.empty(); }
  json_faults take();

private:
  json_faults faults_;
  size_t more_ = 0;
};

/// `pointer` + `/` + member with `~` and `/` escaped (RFC 6901).
std::string member_pointer(std::string_view pointer, std::string_view member);
std::string item_pointer(std::string_view pointer, size_t index);

/// A user's text in a message: in backticks, control characters as `?`, cut after 60 bytes.
std::string in_backticks(std::string_view text);
/// `a number`, `an object`, …
std::string_view kind_text(const nlohmann::json& value);

struct text_rule {
  size_t min = 1, max = 255; ///< bytes
  bool slash = true;         ///< may hold `/`
  bool controls = false;     ///< may hold control characters; NUL never
};
/// Names of lists, streams and topics at a broker.
inline constexpr text_rule broker_name_rule{.min = 1, .max = 1024};
/// What is wrong with the text, as the end of a sentence that begins with its name. None: nothing.
std::optional<std::string> text_fault(std::string_view text, const text_rule& rule);
bool is_utf8(std::string_view text);

// One value each: the value, or none and a fault. The text of the fault says what would be right.
std::optional<std::string> read_text(const nlohmann::json& value, const std::string& pointer, fault_list& faults,
                                     const text_rule& rule);
std::optional<milliseconds> read_duration(const nlohmann::json& value, const std::string& pointer, fault_list& faults);
std::optional<wall_time> read_time(const nlohmann::json& value, const std::string& pointer, fault_list& faults);

enum class null_means : uint8_t { fault, absent };

/// The members of one object. Each call names a member; refuse_unknown() then names those that nobody asked for.
class member_reader {
public:
  /// A value that is no object is a fault; all members are then absent.
  member_reader(const nlohmann::json& value, std::string pointer, fault_list& faults);

  /// Null pointer: absent.
  const nlohmann::json* find(std::string_view name, null_means null = null_means::fault);
  std::optional<std::string> text(std::string_view name, const text_rule& rule = {},
                                  null_means null = null_means::fault);
  std::optional<milliseconds> duration(std::string_view name, milliseconds min = {},
                                       null_means null = null_means::fault);
  std::optional<wall_time> time(std::string_view name, null_means null = null_means::fault);
  std::optional<uint64_t> integer(std::string_view name, uint64_t min, uint64_t max,
                                  null_means null = null_means::fault);
  std::optional<double> number(std::string_view name, double min, double max);
  std::optional<bool> boolean(std::string_view name);

  /// One of these values by their to_string().
  template <class Enum>
  std::optional<Enum> choice(std::string_view name, std::initializer_list<Enum> values) {
    return choice(name, values, [](Enum one) { return to_string(one); });
  }
  /// The same by another function that names them.
  template <class Enum, class NameOf>
  std::optional<Enum> choice(std::string_view name, std::initializer_list<Enum> values, NameOf name_of) {
    auto value = find(name);
    if (!value) return std::nullopt;
    std::string expected;
    for (auto one : values) {
      auto one_name = name_of(one);
      if (value->is_string() && value->get_ref<const std::string&>() == one_name) return one;
      if (!expected.empty()) expected += ", ";
      expected.append("\"").append(one_name).append("\"");
    }
    refuse_choice(name, *value, expected);
    return std::nullopt;
  }
  void refuse_choice(std::string_view name, const nlohmann::json& value, const std::string& expected);

  void fault(std::string_view name, std::string message) { faults_.add(pointer_of(name), std::move(message)); }
  void refuse_unknown();

  bool is_object() const { return object_ != nullptr; }
  bool has(std::string_view name) const;
  std::string pointer_of(std::string_view name) const { return member_pointer(pointer_, name); }
  const std::string& pointer() const { return pointer_; }
  fault_list& faults() { return faults_; }

private:
  const nlohmann::json* object_ = nullptr;
  std::string pointer_;
  fault_list& faults_;
  std::vector<std::string> known_;
};

// Parts of tasks and jobs, each in the file of its name.
std::optional<target> read_target(const nlohmann::json& value, const std::string& pointer,
                                  fault_list& faults); // json_target.cpp
worker_target read_worker_target(const nlohmann::json& value, const std::string& pointer,
                                 fault_list& faults); // json_queue_target.cpp
redis_target read_redis_target(const nlohmann::json& value, const std::string& pointer, fault_list& faults);
kafka_target read_kafka_target(const nlohmann::json& value, const std::string& pointer, fault_list& faults);
nlohmann::json worker_to_json(const worker_target& worker);
nlohmann::json redis_to_json(const redis_target& redis);
nlohmann::json kafka_to_json(const kafka_target& kafka);
std::optional<retry_policy> read_retry(const nlohmann::json* value, const std::string& pointer, delivery_mode delivery,
                                       fault_list& faults); // json_retry.cpp
/// Null pointer: there were faults.
resolved_target_ptr read_resolved_target(member_reader& members); // json_resolved.cpp
std::optional<task_schedule> read_schedule(const nlohmann::json& value, const std::string& pointer, dst_rule dst,
                                           fault_list& faults); // json_schedule.cpp
dst_rule read_dst(const nlohmann::json& value, const std::string& pointer, fault_list& faults);
nlohmann::json dst_to_json(const dst_rule& dst);
payload read_payload(member_reader& members, const json_context& context); // json_payload.cpp
labels read_labels(member_reader& members);                                // json_payload.cpp
/// The text of an object with one more member whose value is already JSON text.
std::string with_member(const nlohmann::json& object, std::string_view name, std::string_view json_text);
/// The text of an object and a payload, byte for byte if it is JSON.
std::string text_with_payload(nlohmann::json object, const payload& body); // json_payload.cpp

} // namespace wheelwork
