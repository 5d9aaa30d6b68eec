// URLs of http targets: whether one can be called, and what its lane is.
#pragma once

#include "schedule/result.hpp"

#include <string>
#include <string_view>

namespace wheelwork {

/// `scheme://host:port` in lower case, port always written: what shares the limits of one host. The error says what is
/// wrong with the URL: it must be absolute, http or https, with a host, without user and password, blanks or control
/// characters.
result<std::string, std::string> lane_of_url(std::string_view url);

} // namespace wheelwork
