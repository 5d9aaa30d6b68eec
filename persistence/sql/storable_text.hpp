// Text as every database can hold it.
#pragma once

#include <string>
#include <string_view>

namespace wheelwork {

/// Characters that are NUL or no UTF-8 (the output of a process may have both) become U+FFFD: Postgres refuses both,
/// MySQL the latter, and what a job leaves behind must not depend on the database.
std::string storable_text(std::string_view text);

} // namespace wheelwork
