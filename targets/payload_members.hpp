// The members of a JSON payload as names and values of a query or a form.
#pragma once

#include "schedule/result.hpp"

#include <string>
#include <string_view>

namespace wheelwork {

/// `a=1&b=x%20y` from {"a":1,"b":"x y"}, percent-encoded, in the payload's order. Strings as they are, numbers and
/// booleans as in the JSON text, null as nothing (`a=`), objects as their JSON text; an array repeats its name with
/// each element, an empty one leaves it out. The error says that the payload is no JSON object.
result<std::string, std::string> members_as_query(std::string_view payload);

} // namespace wheelwork
