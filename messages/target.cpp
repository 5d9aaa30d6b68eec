#include "messages/target.hpp"

namespace wheelwork {

std::string_view to_string(target_kind kind) {
  switch (kind) {
  case target_kind::http: return "http";
  case target_kind::process: return "process";
  case target_kind::native: return "native";
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
