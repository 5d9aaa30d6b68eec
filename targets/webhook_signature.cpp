#include "targets/webhook_signature.hpp"

#include <array>
#include <sodium.h>

namespace wheelwork {

namespace {

const uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

/// None: it is no base64.
std::optional<std::vector<uint8_t>> decoded(std::string_view base64) {
  if (base64.empty()) return std::nullopt;
  for (const int variant : {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING}) {
    std::vector<uint8_t> bytes(base64.size());
    size_t size = 0;
    if (sodium_base642bin(bytes.data(), bytes.size(), base64.data(), base64.size(), nullptr, &size, nullptr, variant) !=
        0)
      continue;
    bytes.resize(size);
    return bytes;
  }
  return std::nullopt;
}

} // namespace

result<webhook_signer, std::string> webhook_signer::from_secret(std::string_view secret) {
  constexpr std::string_view prefix = "whsec_";
  if (!secret.starts_with(prefix)) return webhook_signer{{secret.begin(), secret.end()}};
  auto key = decoded(secret.substr(prefix.size()));
  if (!key || key->empty())
    return failure(std::string{
        "http_target.signing_secret begins with whsec_, but no base64 follows: write whsec_ and the base64 of the key, "
        "or any other text"});
  return webhook_signer{std::move(*key)};
}

std::string webhook_signer::sign(std::string_view id, int64_t timestamp_seconds, std::string_view body) const {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key_.data(), key_.size());
  const auto head = std::string{id} + '.' + std::to_string(timestamp_seconds) + '.';
  crypto_auth_hmacsha256_update(&state, bytes_of(head), head.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(body), body.size());
  std::array<uint8_t, crypto_auth_hmacsha256_BYTES> digest{};
  crypto_auth_hmacsha256_final(&state, digest.data());
  std::array<char, sodium_base64_ENCODED_LEN(crypto_auth_hmacsha256_BYTES, sodium_base64_VARIANT_ORIGINAL)> text{};
  sodium_bin2base64(text.data(), text.size(), digest.data(), digest.size(), sodium_base64_VARIANT_ORIGINAL);
  return std::string{"v1,"} + text.data();
}

} // namespace wheelwork
