// SPDX-License-Identifier: GPL-2.0-or-later
// The first packet of a TCP connection, read strictly from its bytes: whoever sends on the LAN chooses them, and no part of
// the kernel has looked at them before us but the rules' own match for a SYN. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "net/address.h"

namespace dvpn::intercept {

struct Syn {
  net::Endpoint client;
  net::Endpoint destination;
  std::uint32_t sequence = 0;  ///< the client's initial sequence number: copies have the same
  bool operator==(const Syn&) const = default;
};

/// `packet` begins with the IP header and may be cut off behind the TCP header. Nothing if it is no SYN alone, is a fragment,
/// contradicts itself, or comes from what is no host (multicast, loopback, port 0).
std::optional<Syn> parse_syn(std::string_view packet);

/// How much of a packet parse_syn() looks at: longer ones are none.
inline constexpr std::size_t kMostHeaders = 256;

}  // namespace dvpn::intercept
