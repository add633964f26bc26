// SPDX-License-Identifier: GPL-2.0-or-later
// From what the kernel says about a connection or a datagram to what goes over the wire. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "wire/status.h"

namespace dvpn::relay {

/// Why socket(2) or connect(2) failed.
wire::Status connect_status(int error);

/// Why a connection that was up ended: the reason of a reset frame.
wire::Status reset_status(int error);

/// What an ICMP error says about a datagram (RFC 792, RFC 1812; RFC 4443): nothing that the sender has to know if it is
/// about the size of a packet.
std::optional<wire::Status> icmp_status(std::uint8_t type, std::uint8_t code);
std::optional<wire::Status> icmp6_status(std::uint8_t type, std::uint8_t code);

}  // namespace dvpn::relay
