#include "messages/target.hpp"

namespace wheelwork {

std::string_view to_string(target_kind kind) {
  switch (kind) {
  case target_kind::http: return "http";
  case target_kind::process: return "process";
  case target_kind::native: return "native";
  case target_kind::worker: return "worker";
  case target_kind::redis: return "redis";
  case target_kind::kafka: return "kafka";
  }
  return "?";
}

std::string_view to_string(body_form form) {
  switch (form) {
  case body_form::json: return "json";
  case body_form::form: return "form";
  case body_form::raw: return "raw";
  }
  return "?";
}

std::string_view to_string(completion when) { return when == completion::on_ack ? "on_ack" : "on_accept"; }

std::string_view to_string(redis_target::list_end end) {
  return end == redis_target::list_end::right ? "right" : "left";
}

std::string_view to_string(delivery_mode mode) {
  return mode == delivery_mode::at_least_once ? "at_least_once" : "at_most_once";
}

std::string_view to_string(history_policy policy) {
  switch (policy) {
  case history_policy::all: return "all";
  case history_policy::failures: return "failures";
  case history_policy::none: return "none";
  }
  return "?";
}

} // namespace wheelwork
