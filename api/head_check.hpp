// Rules for the head of a request that are stricter than what the parser accepts: all that two programs could read in
// two ways (request smuggling) is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wheelwork {

/// Looks at a whole head, from the method to the empty line. The answer says what is wrong; none: nothing is.
/// Refused are bare CR or LF, control characters, folded lines, blanks before a colon, two of a header that may stand
/// only once, both Content-Length and Transfer-Encoding, a Content-Length that is not one number, an encoding other
/// than `chunked`, an HTTP/1.1 request without Host, and a target that does not begin with `/`.
std::optional<std::string> fault_in_head(std::string_view head);

} // namespace wheelwork
