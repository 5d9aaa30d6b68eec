// Values on their way to Postgres, all in text form: single parameters, cells of COPY and elements of arrays.
#pragma once

#include "persistence/sql/storable_text.hpp"

#include <pqxx/strconv>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wheelwork::postgres {

/// Bytes of a column of type bytea.
struct blob {
  std::string_view bytes;
};

class value {
public:
  value() : null_{true} {}
  value(std::nullopt_t) : null_{true} {}
  value(int64_t number) : number_{true}, text_{std::to_string(number)} {}
  value(int number) : number_{true}, text_{std::to_string(number)} {}
  value(uint16_t number) : number_{true}, text_{std::to_string(number)} {}
  value(uint32_t number) : number_{true}, text_{std::to_string(number)} {}
  value(uint64_t number) : number_{true}, text_{std::to_string(number)} {}
  value(bool truth) : text_{truth ? "t" : "f"} {}
  value(std::string_view text) : text_{storable_text(text)} {}
  value(const std::string& text) : value{std::string_view{text}} {}
  value(const char* text) : value{std::string_view{text}} {}
  value(blob bytes);
  template <class Any>
  value(const std::optional<Any>& any) : value{any ? value{*any} : value{std::nullopt}} {}
  /// Text that is in the form that Postgres reads already.
  static value ready(std::string text) {
    value made{std::nullopt};
    made.null_ = false;
    made.text_ = std::move(text);
    return made;
  }

  bool is_null() const { return null_; }
  bool is_number() const { return number_; } ///< needs no quotes anywhere
  const std::string& text() const { return text_; }

private:
  bool null_ = false;
  bool number_ = false;
  std::string text_;
};

/// The text of an array that grows element by element.
class array_text {
public:
  void add(const value& element);
  size_t size() const { return size_; }
  value take();

private:
  std::string text_ = "{";
  size_t size_ = 0;
};

} // namespace wheelwork::postgres

namespace pqxx {

/// How libpqxx passes a value on.
template <>
struct string_traits<wheelwork::postgres::value> {
  static constexpr const char* name() noexcept { return "value"; }
  static constexpr bool has_null() noexcept { return true; }
  static bool is_null(const wheelwork::postgres::value& any) { return any.is_null(); }
  static std::string to_string(const wheelwork::postgres::value& any) { return any.text(); }
};

} // namespace pqxx
