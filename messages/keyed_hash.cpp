#include "messages/keyed_hash.hpp"

#include <sodium.h>

#include <stdexcept>

namespace wheelwork {

namespace {

void start_sodium() {
  // Picks the fast implementations; once in a process, from whichever thread comes first.
  static const int started = sodium_init();
  if (started < 0) throw std::runtime_error("libsodium can't start: it finds no source of randomness");
}

} // namespace

hash128 blake2b_128(std::string_view data, std::span<const uint8_t> key) {
  start_sodium();
  hash128 hash{};
  auto failed = crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(data.data()),
                                   data.size(), key.empty() ? nullptr : key.data(), key.size());
  if (failed != 0) throw std::invalid_argument("a BLAKE2b key has 16 to 64 bytes");
  return hash;
}

std::string hexadecimal(std::span<const uint8_t> bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

} // namespace wheelwork
