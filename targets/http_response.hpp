// What an attempt keeps of a callback's answer.
#pragma once

#include "schedule/result.hpp"
#include "schedule/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wheelwork {

/// {"status":200,"body":"…","truncated":true,"duration_ms":12}: `body_base64` instead of `body` where it is no UTF-8,
/// `truncated` only where the answer was longer than `kept_bytes`; a character is never cut in two.
std::string http_response_json(int status, std::string body, uint64_t body_bytes, size_t kept_bytes,
                               milliseconds duration);

/// Puts *** in the place of each of these values of at least 4 bytes (shorter ones are no secrets, and would make any
/// text unreadable).
void hide(std::string& text, const std::vector<std::string>& secrets);

/// What a Retry-After header asks for: seconds or an HTTP date. None: not readable. Never negative, at most 36,500
/// days.
std::optional<milliseconds> parse_retry_after(std::string_view text, wall_time now);

} // namespace wheelwork
