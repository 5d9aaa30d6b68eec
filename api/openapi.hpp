// The OpenAPI 3.1 document of the API: api/openapi.json, built into the program.
#pragma once

#include <string_view>

namespace wheelwork {

std::string_view openapi_text();

} // namespace wheelwork
