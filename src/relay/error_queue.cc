// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/error_queue.h"

#include <ctime>  // (linux/errqueue.h uses timespec and does not say so)

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

#include "relay/errno_status.h"

namespace dvpn::relay {

namespace {

/// Room for the error and the address of who sent it.
struct Control {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(sock_extended_err) + sizeof(sockaddr_in6)) + CMSG_SPACE(64)];
};

std::optional<wire::Status> meaning(const sock_extended_err& error) {
  switch (error.ee_origin) {
    case SO_EE_ORIGIN_ICMP: return icmp_status(error.ee_type, error.ee_code);
    case SO_EE_ORIGIN_ICMP6: return icmp6_status(error.ee_type, error.ee_code);
    default: break;
  }
  if (error.ee_errno == EMSGSIZE) return std::nullopt;
  return connect_status(static_cast<int>(error.ee_errno));
}

}  // namespace

std::optional<QueuedError> next_error(int fd, std::span<char> buffer) {
  Control control;
  iovec into = {buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t n = -1;
  do n = ::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0) return std::nullopt;
  QueuedError out{std::nullopt, {buffer.data(), static_cast<std::size_t>(n)}};
  for (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, const_cast<cmsghdr*>(header))) {
    const bool is_error = (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) ||
                          (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR);
    if (!is_error) continue;
    sock_extended_err error;
    std::memcpy(&error, CMSG_DATA(header), sizeof error);
    out.status = meaning(error);
  }
  return out;
}

}  // namespace dvpn::relay
