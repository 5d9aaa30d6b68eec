#include "messages/json_reader.hpp"

#include <sodium.h>

#include <cmath>

namespace wheelwork {

using nlohmann::json;

namespace {

constexpr int base64_form = sodium_base64_VARIANT_ORIGINAL;

std::optional<std::string> bytes_of_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  size_t size = 0;
  const char* end = nullptr;
  auto failed = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                                  text.size(), nullptr, &size, &end, base64_form);
  if (failed != 0 || end != text.data() + text.size()) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

std::string base64_of(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), base64_form), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    base64_form);
  text.pop_back(); // the terminating NUL
  return text;
}

/// `type/subtype` with parameters: visible ASCII, as it goes into a header.
bool is_content_type(std::string_view text) {
  auto slash = text.find('/');
  if (slash == 0 || slash == text.npos || slash + 1 == text.size()) return false;
  for (char letter : text)
    if (letter < 0x20 || letter > 0x7e) return false;
  return true;
}

payload read_base64(member_reader& members, const json& text) {
  auto type = members.text("content_type").value_or("application/octet-stream");
  if (!is_content_type(type)) members.fault("content_type", "must look like application/octet-stream");
  if (!text.is_string()) {
    members.fault("payload_base64", "must be a string in base64, not " + std::string{kind_text(text)});
    return {};
  }
  auto bytes = bytes_of_base64(text.get_ref<const std::string&>());
  if (!bytes) {
    members.fault("payload_base64", "is not base64 (letters, digits, + and /, filled up with = to a multiple of four)");
    return {};
  }
  return payload::bytes(*bytes, type);
}

/// NaN and infinity, which JSON has no text for, can come from TOML.
bool has_text(const json& value) {
  if (value.is_number_float()) return std::isfinite(value.get<double>());
  if (value.is_structured())
    for (auto& item : value)
      if (!has_text(item)) return false;
  return true;
}

} // namespace

payload read_payload(member_reader& members, const json_context& context) {
  auto base64 = members.find("payload_base64");
  auto value = members.find("payload");
  if (base64 && value) {
    members.fault("payload_base64", "does not go with `payload`: give either of them");
    return {};
  }
  if (base64) return read_base64(members, *base64);
  if (members.find("content_type")) members.fault("content_type", "goes with `payload_base64` only; `payload` is JSON");
  if (!value) return {};
  if (!context.payload_text.empty()) return payload::json(context.payload_text);
  try {
    if (has_text(*value)) return payload::json(value->dump());
    members.fault("payload", "holds a number that JSON can't write (infinity or not a number)");
  } catch (const json::type_error&) {
    members.fault("payload", "holds a string that is not valid UTF-8");
  }
  return {};
}

labels read_labels(member_reader& members) {
  labels read;
  auto value = members.find("labels");
  if (!value) return read;
  auto pointer = members.pointer_of("labels");
  auto& faults = members.faults();
  if (!value->is_object()) {
    faults.add(pointer,
               "must be an object of strings, such as {\"team\":\"a\"}, not " + std::string{kind_text(*value)});
    return read;
  }
  for (auto& [name, text] : value->items()) {
    auto here = member_pointer(pointer, name);
    if (auto wrong = text_fault(name, {})) faults.add(here, "the name of a label " + *wrong);
    // A list is asked for as ?label=name:value, so the first colon must be the one between them.
    else if (name.find(':') != name.npos)
      faults.add(here, "the name of a label must not hold `:`");
    if (auto mark = read_text(text, here, faults, {.min = 0, .max = 1024})) read.emplace(name, std::move(*mark));
  }
  return read;
}

void payload_to_json(const payload& body, json& into) {
  if (body.empty()) return;
  if (body.is_json()) {
    auto data = body.data();
    auto value = json::parse(data.begin(), data.end(), nullptr, false);
    if (!value.is_discarded()) {
      into["payload"] = std::move(value);
      return;
    }
    // JSON that this program would not have taken: shown as the bytes it is.
  }
  into["payload_base64"] = base64_of(body.data());
  into["content_type"] = body.content_type();
}

result<payload, json_faults> payload_from_json(const json& body, const json_context& context) {
  fault_list faults;
  member_reader members{body, std::string{context.base_pointer}, faults};
  auto read = read_payload(members, context);
  if (!faults.empty()) return failure(faults.take());
  return read;
}

std::string text_with_payload(json object, const payload& body) {
  if (body.is_json()) return with_member(object, "payload", body.data());
  payload_to_json(body, object);
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace wheelwork
