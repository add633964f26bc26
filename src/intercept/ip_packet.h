// SPDX-License-Identifier: GPL-2.0-or-later
// IP packets that we make ourselves, for a raw socket (raw(7), IPPROTO_RAW): what a client is told in its target's name,
// since no socket can be asked to say it. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "intercept/checksum.h"
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

/// What an ICMPv6 checksum is over before the message, of `size` bytes (RFC 4443, section 2.3).
void add_pseudo_header(Checksum& sum, const net::Address& from, const net::Address& to, std::size_t size, std::uint8_t protocol);

/// A packet of ours in fragments, none longer than `mtu`, under a number that is none of those before (RFC 791; RFC 8200, 4.5).
std::vector<std::string> in_fragments(const std::string& packet, std::size_t mtu, std::uint32_t number);

}  // namespace dvpn::intercept
