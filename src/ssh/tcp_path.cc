// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/tcp_path.h"

#include <linux/tcp.h>  // (glibc's tcp_info ends before the shortest round trip)
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace dvpn::ssh {

std::chrono::microseconds shortest_round_trip(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  if (size < offsetof(tcp_info, tcpi_min_rtt) + sizeof info.tcpi_min_rtt || info.tcpi_min_rtt == ~__u32{0}) return {};
  return std::chrono::microseconds(info.tcpi_min_rtt);
}

void acknowledge(int fd) {
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
}

}  // namespace dvpn::ssh
