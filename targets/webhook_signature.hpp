// Signatures as Standard Webhooks (standardwebhooks.com) says, with a shared secret.
#pragma once

#include "schedule/result.hpp"
#include "schedule/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wheelwork {

/// Signs requests with one secret. A value; reading it from several threads is fine.
class webhook_signer {
public:
  /// `whsec_` and base64: the decoded bytes; any other text: its bytes. The error names http_target.signing_secret,
  /// never the secret.
  static result<webhook_signer, std::string> from_secret(std::string_view secret);
  /// The value of the header webhook-signature: `v1,` and the base64 of HMAC-SHA256 over "{id}.{timestamp}.{body}".
  std::string sign(std::string_view id, int64_t timestamp_seconds, std::string_view body) const;

private:
  explicit webhook_signer(std::vector<uint8_t> key) : key_{std::move(key)} {}
  std::vector<uint8_t> key_;
};

} // namespace wheelwork
