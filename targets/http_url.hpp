// What wheelwork asks of URLs, by libcurl's parser, so that what is checked is what is called.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wheelwork {

/// Why this can't be called: only absolute http and https URLs can. None: it can. Shows no user name or password.
std::optional<std::string> fault_of_url(const std::string& url);
/// Adds `query` to the URL's own query, before a fragment.
std::string with_query(std::string_view url, std::string_view query);
/// The same scheme, host and port; false when one of them can't be read.
bool same_origin(const std::string& left, const std::string& right);
/// Host of the URL without user name and password, for messages.
std::string host_of(const std::string& url);

} // namespace wheelwork
