// Bytes as a POSIX shell takes them, in one line that can be shown on a terminal and pasted from there.
#pragma once

#include <string>
#include <string_view>

namespace wheelwork {

/// Whether every character is one that may be shown as it is: neither a control, nor a mark that reorders text, nor a
/// byte that is no UTF-8.
bool is_plain_text(std::string_view bytes);

/// One argument of a command: 'quoted', or "$(printf '…')" where the bytes are no plain text. `bytes` must have no NUL,
/// which no argument can hold, and must not end in a line break.
std::string shell_word(std::string_view bytes);

/// A command that writes exactly these bytes, any at all, to its standard output.
std::string shell_printf(std::string_view bytes);

} // namespace wheelwork
