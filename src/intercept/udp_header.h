// SPDX-License-Identifier: GPL-2.0-or-later
// Whose a datagram is: a UDP packet read strictly from its bytes. Pure.
#pragma once

#include <netinet/in.h>

#include "intercept/ip_header.h"

namespace dvpn::intercept {

struct UdpHeader {
  net::Endpoint client;
  net::Endpoint destination;
  std::size_t payload = 0;  ///< bytes
};

/// `packet` as for parse_ip(); it may be cut off behind the UDP header. Nothing if it is none, or has a port 0: nobody can be
/// answered there, nor be sent to. (RFC 768)
inline std::optional<UdpHeader> parse_udp(std::string_view packet) {
  constexpr std::size_t kHeader = 8;
  const auto ip = parse_ip(packet);
  if (!ip || ip->protocol != IPPROTO_UDP || ip->carried.size() < kHeader) return std::nullopt;
  const auto port_at = [&](std::size_t at) { return static_cast<net::Port>(number_at(ip->carried, at, 2)); };
  const std::size_t length = number_at(ip->carried, 4, 2);
  if (length < kHeader || length > ip->size || port_at(0) == 0 || port_at(2) == 0) return std::nullopt;
  return UdpHeader{{ip->source, port_at(0)}, {ip->destination, port_at(2)}, length - kHeader};
}

}  // namespace dvpn::intercept
