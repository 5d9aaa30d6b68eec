// What of a text from outside may be shown on a terminal as it is.
#pragma once

#include <cstddef>
#include <string_view>

namespace wheelwork {

struct text_character {
  char32_t code = 0;
  size_t bytes = 1;   ///< how many it takes; of what is no UTF-8: one
  bool valid = false; ///< UTF-8
};

/// The UTF-8 character at the beginning of a text that is not empty.
text_character first_character(std::string_view text);

/// Controls, and marks that change the order or place of what is shown around them: they could drive a terminal, or
/// make a text look like another one.
bool is_dangerous(char32_t code);

} // namespace wheelwork
