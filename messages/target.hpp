// How a job is run, fixed when the job is made: the target and the rules around its attempts.
#pragma once

#include "messages/ids.hpp"
#include "schedule/retry.hpp"
#include "schedule/time.hpp"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace wheelwork {

enum class body_form : uint8_t { json, form, raw };
std::string_view to_string(body_form form);

/// `success` of an http target: the statuses that count (each a number or a class such as 2xx) and JSON members that
/// must have a value.
struct success_rule {
  std::vector<std::pair<int, int>> statuses{{200, 299}};         ///< inclusive ranges
  std::vector<std::pair<std::string, std::string>> json_members; ///< JSON pointer, JSON text of the value
};

struct http_target {
  std::string url; ///< http or https, absolute
  std::string method = "POST";
  std::vector<std::pair<std::string, std::string>> headers; ///< may hold ${env:NAME}, filled in by the executor
  success_rule success;
  body_form body = body_form::json;
  uint32_t redirects = 0;
};

struct process_target {
  std::vector<std::string> command; ///< argv; the first is the executable
  std::map<std::string, std::string> env;
  std::string cwd;
  std::string user;
};

struct native_target {
  std::string handler;
};

/// When an attempt of a target that only hands over has succeeded: at once, or when somebody outside acknowledges it
/// within the timeout.
enum class completion : uint8_t { on_accept, on_ack };
std::string_view to_string(completion when);

/// Jobs wait in a queue of this name until a worker polls for them.
struct worker_target {
  std::string queue;
};

struct redis_target {
  enum class list_end : uint8_t { left, right };
  std::string connection; ///< the NAME of [redis.NAME]
  std::string key;
  bool stream = false; ///< else a list
  list_end push = list_end::left;
  completion complete = completion::on_accept;
};
std::string_view to_string(redis_target::list_end end);

struct kafka_target {
  std::string connection; ///< the NAME of [kafka.NAME]
  std::string topic;
  std::string key; ///< empty: none
  completion complete = completion::on_accept;
};

using target = std::variant<http_target, process_target, native_target, worker_target, redis_target, kafka_target>;

/// In the order of the variant. The journal holds these numbers.
enum class target_kind : uint8_t { http, process, native, worker, redis, kafka };
inline constexpr size_t target_kinds = 6;
constexpr target_kind kind_of(const target& any) { return static_cast<target_kind>(any.index()); }
std::string_view to_string(target_kind kind);

enum class delivery_mode : uint8_t { at_least_once, at_most_once };
std::string_view to_string(delivery_mode mode);
enum class history_policy : uint8_t { all, failures, none };
std::string_view to_string(history_policy policy);

/// A target resolved for a job: all that its executor and its scheduler need beside the payload. Immutable; equal ones
/// share one row of the table `target` and one object in RAM.
struct resolved_target {
  target how;
  retry_policy retry;
  milliseconds timeout{60'000};
  delivery_mode delivery = delivery_mode::at_least_once;
  history_policy history = history_policy::all;
  std::string spec;               ///< canonical JSON of all the above, what the table `target` holds
  std::array<uint8_t, 16> hash{}; ///< BLAKE2b of spec
  std::string lane;               ///< what must not hold up others: scheme://host:port of an http target, else empty
};

using resolved_target_ptr = std::shared_ptr<const resolved_target>;

} // namespace wheelwork
