// BLAKE2b of short texts (libsodium): hashes that are the same in every process and release.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace wheelwork {

using hash128 = std::array<uint8_t, 16>;

/// BLAKE2b with 16 bytes of output. `key`: empty, or 16 to 64 bytes. Any thread.
hash128 blake2b_128(std::string_view data, std::span<const uint8_t> key = {});

/// Two lower-case hexadecimal digits a byte.
std::string hexadecimal(std::span<const uint8_t> bytes);

} // namespace wheelwork
