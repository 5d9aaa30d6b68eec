// Bytes inside JSON, which holds text only: as they are where they are UTF-8, else in base64.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace wheelwork {

std::string base64_of(std::string_view bytes);
/// Sets the member `name`; where the bytes are no UTF-8, `name` + `_base64` instead.
void put_bytes(nlohmann::ordered_json& object, const std::string& name, std::string_view bytes);

} // namespace wheelwork
