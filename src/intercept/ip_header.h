// SPDX-License-Identifier: GPL-2.0-or-later
// What an IP header says, read strictly from its bytes: whoever sends on the LAN chooses them. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/address.h"

namespace dvpn::intercept {

inline constexpr std::size_t kIpv4Header = 20;  // without options (RFC 791, 3.1)
inline constexpr std::size_t kIpv6Header = 40;  // without extension headers (RFC 8200, 3)

struct IpPacket {
  net::Address source, destination;
  std::uint8_t protocol = 0;
  std::string_view carried;  ///< what follows the headers, as far as it is there
  std::size_t size = 0;      ///< how long that is by the header
};

/// `packet` begins with the header and may be cut off. Extension headers that a first packet may have are stepped over.
/// Nothing if it is a fragment, contradicts itself, or is not from one host to another (multicast, loopback, IPv4 in IPv6's
/// clothes).
std::optional<IpPacket> parse_ip(std::string_view packet);

/// A big-endian number of `size` bytes in `bytes`, which is long enough.
std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size);

}  // namespace dvpn::intercept
