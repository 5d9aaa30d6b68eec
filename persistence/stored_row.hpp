// One row of an SQL database as the decoding functions see it, whatever library read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace wheelwork {

class stored_row {
public:
  virtual ~stored_row() = default;
  virtual bool is_null(int column) const = 0;
  virtual int64_t integer(int column) const = 0;       ///< zero where it is null
  virtual std::string_view text(int column) const = 0; ///< valid until the next row; empty where it is null
  /// Of a column of bytes; valid until the next call.
  virtual std::string_view bytes(int column) const { return text(column); }
  std::optional<int64_t> optional_integer(int column) const {
    if (is_null(column)) return std::nullopt;
    return integer(column);
  }
};

} // namespace wheelwork
