// Secrets of clients as hashes, which are compared in a time that tells nothing.
#pragma once

#include <array>
#include <string_view>

namespace wheelwork {

/// BLAKE2b. sodium_init() must have been called.
class secret_digest {
public:
  explicit secret_digest(std::string_view secret);
  bool equals(const secret_digest& other) const;

private:
  std::array<unsigned char, 32> hash_{};
};

/// What stands behind `Bearer ` in the header Authorization, the scheme in any case; none: it is another scheme.
std::string_view bearer_token(std::string_view authorization);

} // namespace wheelwork
