// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/ping_socket.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace dvpn::relay {

namespace {

constexpr std::size_t kSequenceAt = 6;  // behind type, code, checksum and identifier, in both families

std::uint16_t sequence_in(const char* header) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(header[kSequenceAt]) << 8 |
                                    static_cast<std::uint8_t>(header[kSequenceAt + 1]));
}

std::uint8_t hops_of(msghdr& message) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    const bool is_hops = (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_TTL) ||
                         (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_HOPLIMIT);
    if (!is_hops) continue;
    int hops = 0;
    std::memcpy(&hops, CMSG_DATA(header), sizeof hops);
    return static_cast<std::uint8_t>(hops);
  }
  return 0;
}

}  // namespace

ssize_t send_ping(int fd, net::Family family, std::uint16_t sequence, std::string_view payload) {
  std::array<char, kPingHeaderSize> header{};
  header[0] = static_cast<char>(family == net::Family::kIPv4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST);
  header[kSequenceAt] = static_cast<char>(sequence >> 8);
  header[kSequenceAt + 1] = static_cast<char>(sequence & 0xff);
  std::array<iovec, 2> parts = {{{header.data(), header.size()}, {const_cast<char*>(payload.data()), payload.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

std::optional<PingReply> take_reply(int fd, net::Family family, std::span<char> into) {
  sockaddr_storage from{};
  alignas(cmsghdr) char control[CMSG_SPACE(64)];
  iovec room = {into.data(), into.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t n = ::recvmsg(fd, &message, MSG_DONTWAIT);
  if (n < 0) return std::nullopt;
  PingReply reply;
  const auto size = static_cast<std::size_t>(n);
  if (size < kPingHeaderSize || (message.msg_flags & MSG_TRUNC) != 0) return reply;
  const int type = family == net::Family::kIPv4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
  const auto sender = net::Endpoint::from_sockaddr(from);
  reply.valid = static_cast<std::uint8_t>(into[0]) == type && sender;
  if (sender) reply.from = sender->address;
  reply.sequence = sequence_in(into.data());
  reply.hops = hops_of(message);
  reply.size = size - kPingHeaderSize;
  return reply;
}

std::optional<std::uint16_t> quoted_sequence(std::string_view quoted) {
  if (quoted.size() < kPingHeaderSize) return std::nullopt;
  return sequence_in(quoted.data());
}

}  // namespace dvpn::relay
