// An entry of a Redis stream as the bytes of a message.
#pragma once

#include "brokers/redis_reply.hpp"
#include "schedule/time.hpp"

#include <optional>
#include <string>

namespace wheelwork {

/// A JSON object of the entry's fields, in their order: {"sku": "17", "amount": "2"}. Values are strings. A value or
/// name that is no UTF-8 stands in base64 under its name + "_base64" (a name: under "base64:" + itself in base64). Of
/// a field that stands there several times the values are an array.
std::string json_of_fields(const redis_value& fields);
/// All bytes of names and values.
size_t size_of_fields(const redis_value& fields);
/// When the server gave the id. None: it was chosen by hand and tells no time.
std::optional<wall_time> time_of_entry(std::string_view id);

} // namespace wheelwork
