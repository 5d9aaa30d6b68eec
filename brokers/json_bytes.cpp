#include "brokers/json_bytes.hpp"

#include "messages/json_reader.hpp"

#include <sodium.h>

namespace wheelwork {

std::string base64_of(std::string_view bytes) {
  constexpr int form = sodium_base64_VARIANT_ORIGINAL;
  std::string text(sodium_base64_encoded_len(bytes.size(), form), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), form);
  text.pop_back(); // its terminating NUL
  return text;
}

void put_bytes(nlohmann::ordered_json& object, const std::string& name, std::string_view bytes) {
  if (is_utf8(bytes))
    object[name] = bytes;
  else
    object[name + "_base64"] = base64_of(bytes);
}

} // namespace wheelwork
