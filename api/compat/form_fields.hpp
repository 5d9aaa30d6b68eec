// The fields of a posted form, as programs send them: application/x-www-form-urlencoded or multipart/form-data.
#pragma once

#include "schedule/result.hpp"

#include <map>
#include <string>
#include <string_view>

namespace wheelwork {

/// By name; of a name that comes twice the first. Values are the bytes that were meant, of any kind.
using form_fields = std::map<std::string, std::string, std::less<>>;

/// `content_type` none: urlencoded. The error is a sentence.
result<form_fields, std::string> read_form(std::string_view content_type, std::string_view body);

} // namespace wheelwork
