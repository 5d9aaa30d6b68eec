// Packets between a node and its process host: a few bytes and open files.
#pragma once

#include "targets/process_file.hpp"

#include <array>
#include <optional>
#include <span>

namespace wheelwork {

/// At most this many open files go with a packet.
inline constexpr size_t packet_files_max = 2;

/// Sends one packet on a SOCK_SEQPACKET socket; 0 or an errno (EAGAIN: later).
int send_packet(int socket, const void* data, size_t size, std::span<const int> files);

struct received_packet {
  size_t size = 0; ///< 0: the other side has gone
  std::array<descriptor, packet_files_max> files;
};

/// Receives one packet of at most `size` bytes. The error is an errno.
result<received_packet, int> receive_packet(int socket, void* data, size_t size);

} // namespace wheelwork
