// SPDX-License-Identifier: GPL-2.0-or-later
// IP packets that we make ourselves, for a raw socket (raw(7), IPPROTO_RAW): what a client is told in its target's name,
// since no socket can be asked to say it. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "intercept/verdict.h"
#include "net/address.h"

namespace dvpn::intercept {

/// What an ICMP error quotes of a packet: enough for its sender to know which socket is meant.
struct Quoted {
  net::Address from, to;
  std::uint8_t protocol = 0;
  std::array<char, 8> head{};     ///< the first bytes behind its IP header
  std::size_t size = 0;           ///< of all behind its IP header
};

/// Of a UDP datagram with so much payload.
Quoted quoted_datagram(const net::Endpoint& from, const net::Endpoint& to, std::size_t payload);

/// The ICMP or ICMPv6 error that says the verdict to the sender of what is quoted, in the name of its target; empty for a
/// verdict that is told with none.
std::string icmp_error(const Quoted& quoted, Verdict verdict);

/// An ICMP or ICMPv6 message as a packet, its checksum filled in.
std::string icmp_packet(const net::Address& from, const net::Address& to, std::uint8_t hops, std::string message);

}  // namespace dvpn::intercept
