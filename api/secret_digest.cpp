#include "api/secret_digest.hpp"

#include "api/authority.hpp"

#include <sodium.h>

namespace wheelwork {

secret_digest::secret_digest(std::string_view secret) {
  crypto_generichash(hash_.data(), hash_.size(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                     nullptr, 0);
}

bool secret_digest::equals(const secret_digest& other) const {
  return sodium_memcmp(hash_.data(), other.hash_.data(), hash_.size()) == 0;
}

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  return ascii_lower(authorization.substr(0, scheme.size())) == scheme ? authorization.substr(scheme.size())
                                                                       : std::string_view{};
}

} // namespace wheelwork
