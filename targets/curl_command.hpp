// The command line that repeats the call of an attempt by hand.
#pragma once

#include "targets/attempt.hpp"

#include <optional>

namespace wheelwork {

struct curl_command {
  std::string line;               ///< for sh, bash and their like; one line without control characters
  std::vector<std::string> lacks; ///< headers of the call that the line does not have
};

/// None: the job has no http target, the target makes no request, or the URL with its query is longer than a command
/// line can be. The line sends what the attempt sent: method, URL, headers and body, byte for byte, to the same
/// address, whatever the user's ~/.curlrc and proxies are. Redirects are followed for GET and HEAD where the target
/// allows them and has no headers of its own, which must not come to other hosts. No secret is in it: a `${env:NAME}`
/// of the target stands there as the shell's "${NAME:?}", and the headers of a signature (`is_signed`) are missing. So
/// is Wheelwork-Fire-Time where the job has moved on and the time of that attempt is not kept.
std::optional<curl_command> curl_command_of(const job& what, const attempt_record& attempt,
                                            const attempt_identity& identity, bool is_signed);

} // namespace wheelwork
