// SPDX-License-Identifier: GPL-2.0-or-later
// Pings as packets: an echo request read strictly from its bytes, and what its sender is answered. ICMP (RFC 792) and ICMPv6
// (RFC 4443) have the same form here. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "intercept/ip_packet.h"
#include "net/address.h"

namespace dvpn::intercept {

/// By what the sender knows its ping again.
struct EchoName {
  std::uint16_t identifier = 0, sequence = 0;
  bool operator==(const EchoName&) const = default;
};

struct EchoRequest {
  net::Address client, target;
  EchoName name;
  std::string_view payload;  ///< as far as it is there
  std::size_t size = 0;      ///< how long that is by the packet's header
  bool whole() const { return payload.size() == size; }
};

/// `packet` as for parse_ip(). Nothing if it is no echo request; one that is whole has the right checksum.
std::optional<EchoRequest> parse_echo_request(std::string_view packet);

/// The target's reply to the client, as a packet that arrives with `hops` left, if nothing is between it and us.
std::string echo_reply(const net::Address& target, const net::Address& client, const EchoName& name, std::uint8_t hops,
                       std::string_view payload);

/// What an ICMP error quotes of a request with so much payload.
Quoted quoted_echo(const net::Address& client, const net::Address& target, const EchoName& name, std::size_t payload);

}  // namespace dvpn::intercept
