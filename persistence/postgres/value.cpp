#include "persistence/postgres/value.hpp"

namespace wheelwork::postgres {

value::value(blob raw) {
  static constexpr char digits[] = "0123456789abcdef";
  text_.resize(2 + 2 * raw.bytes.size());
  text_[0] = '\\';
  text_[1] = 'x';
  size_t at = 2;
  for (const char byte : raw.bytes) {
    text_[at++] = digits[static_cast<unsigned char>(byte) >> 4];
    text_[at++] = digits[static_cast<unsigned char>(byte) & 15];
  }
}

void array_text::add(const value& element) {
  if (size_++ > 0) text_ += ',';
  if (element.is_null()) {
    text_ += "NULL";
    return;
  }
  if (element.is_number()) {
    text_ += element.text();
    return;
  }
  text_ += '"';
  for (const char any : element.text()) {
    if (any == '"' || any == '\\') text_ += '\\';
    text_ += any;
  }
  text_ += '"';
}

value array_text::take() {
  text_ += '}';
  return value::ready(std::move(text_));
}

} // namespace wheelwork::postgres
