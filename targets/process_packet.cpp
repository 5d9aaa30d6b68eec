#include "targets/process_packet.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace wheelwork {

namespace {

struct alignas(cmsghdr) control_space {
  char bytes[CMSG_SPACE(packet_files_max * sizeof(int))];
};

} // namespace

int send_packet(int socket, const void* data, size_t size, std::span<const int> files) {
  iovec part{const_cast<void*>(data), size};
  control_space control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!files.empty()) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(files.size_bytes());
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(files.size_bytes());
    std::memcpy(CMSG_DATA(head), files.data(), files.size_bytes());
  }
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return errno;
  return 0;
}

result<received_packet, int> receive_packet(int socket, void* data, size_t size) {
  iovec part{data, size};
  control_space control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t count = 0;
  do count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  if (count < 0) return failure(int{errno});
  received_packet packet;
  packet.size = static_cast<size_t>(count);
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
    size_t files = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t at = 0; at < files && at < packet_files_max; ++at) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(head) + at * sizeof(int), sizeof number);
      packet.files[at] = descriptor{number};
    }
  }
  return packet;
}

} // namespace wheelwork
