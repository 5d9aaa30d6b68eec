// Values as they stand in the text of a statement.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wheelwork::mysql {

/// Bytes as they are: payloads, hashes, and texts that are compared byte by byte.
struct blob {
  std::string_view bytes;
};

void append_literal(std::string& into, int64_t number);
/// UTF-8; what is none is replaced, see storable_text().
void append_literal(std::string& into, std::string_view text);
void append_literal(std::string& into, blob bytes);

/// One value, rendered.
class literal {
public:
  literal() : text_{"null"} {}
  literal(std::nullopt_t) : literal{} {}
  literal(int64_t number) { append_literal(text_, number); }
  literal(int number) : literal{static_cast<int64_t>(number)} {}
  literal(uint16_t number) : literal{static_cast<int64_t>(number)} {}
  literal(uint32_t number) : literal{static_cast<int64_t>(number)} {}
  literal(uint64_t number) : literal{static_cast<int64_t>(number)} {}
  literal(bool truth) : text_{truth ? "1" : "0"} {}
  literal(std::string_view text) { append_literal(text_, text); }
  literal(const std::string& text) : literal{std::string_view{text}} {}
  literal(const char* text) : literal{std::string_view{text}} {}
  literal(blob bytes) { append_literal(text_, bytes); }
  template <class Any>
  literal(const std::optional<Any>& any) : literal{any ? literal{*any} : literal{}} {}

  const std::string& text() const { return text_; }

private:
  std::string text_;
};

} // namespace wheelwork::mysql
