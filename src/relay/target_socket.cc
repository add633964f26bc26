// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/target_socket.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace dvpn::relay {

namespace {

/// Datagrams wait here for their turn; the kernel takes the lesser of this and net.core.rmem_max.
constexpr int kReceiveBuffer = 1 << 20;

void set_option(int fd, int level, int name, int value) { (void)::setsockopt(fd, level, name, &value, sizeof value); }

/// Keepalive finds a target that vanished within two minutes: a minute of silence, then four probes. Urgent data stays
/// in the stream, where it was sent. Closing means a reset until the flow has finished: should this process be killed, the
/// target must not take what was cut off for whole.
void set_stream_options(int fd) {
  const linger reset = {1, 0};
  (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

/// ICMP errors come through the error queue, with their type and code, and a ping's reply says its TTL.
void set_datagram_options(int fd, config::Protocol protocol, net::Family family) {
  set_option(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  const bool is_ping = protocol == config::Protocol::kPing;
  if (family == net::Family::kIPv4) {
    set_option(fd, IPPROTO_IP, IP_RECVERR, 1);
    if (is_ping) set_option(fd, IPPROTO_IP, IP_RECVTTL, 1);
  } else {
    set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    if (is_ping) set_option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  }
}

}  // namespace

UniqueFd make_target_socket(config::Protocol protocol, net::Family family) {
  const bool is_ipv4 = family == net::Family::kIPv4;
  const int type = protocol == config::Protocol::kTcp ? SOCK_STREAM : SOCK_DGRAM;
  int number = 0;
  if (protocol == config::Protocol::kPing) number = is_ipv4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  UniqueFd fd(::socket(is_ipv4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, number));
  if (!fd) return fd;
  if (protocol == config::Protocol::kTcp)
    set_stream_options(fd.get());
  else
    set_datagram_options(fd.get(), protocol, family);
  return fd;
}

int connect_target(int fd, const net::Endpoint& target) {
  sockaddr_storage storage;
  const socklen_t size = target.to_sockaddr(storage);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0 ? 0 : errno;
}

std::optional<net::Endpoint> local_endpoint(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  return net::Endpoint::from_sockaddr(storage);
}

std::uint32_t dropped_by_kernel(int fd) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> numbers{};
  socklen_t size = sizeof numbers;
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, numbers.data(), &size) != 0) return 0;
  return numbers[SK_MEMINFO_DROPS];
}

}  // namespace dvpn::relay
