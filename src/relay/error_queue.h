// SPDX-License-Identifier: GPL-2.0-or-later
// ICMP errors about datagrams that were sent, as the kernel keeps them for a socket with IP_RECVERR or IPV6_RECVERR
// (ip(7)).
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "wire/status.h"

namespace dvpn::relay {

struct QueuedError {
  /// What to tell; nothing if it is about the size of a packet, which is between the kernel and the path.
  std::optional<wire::Status> status;
  /// What the error quotes of the datagram that caused it: of a ping with its ICMP header. Lies in the buffer.
  std::string_view quoted;
};

/// Takes the next error off the socket's queue; nothing if there is none.
std::optional<QueuedError> next_error(int fd, std::span<char> buffer);

}  // namespace dvpn::relay
