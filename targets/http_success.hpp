// Whether a callback's answer counts as success (API.md, `success` of http targets). Pure.
#pragma once

#include "messages/target.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace wheelwork {

bool status_counts(const success_rule& rule, int status);
/// `status 500, success is 2xx`.
std::string unmet_status(const success_rule& rule, int status);
/// Why the answer's JSON members don't satisfy the rule, naming the pointer and what was found there; none: they do, or
/// the rule names none. Numbers are equal by value: 1 and 1.0 are the same.
std::optional<std::string> unmet_json(const success_rule& rule, std::string_view body);

} // namespace wheelwork
