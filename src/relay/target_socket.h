// SPDX-License-Identifier: GPL-2.0-or-later
// Sockets towards targets: how each protocol's is made, connected and asked about itself.
#pragma once

#include <optional>

#include "base/unique_fd.h"
#include "config/relay_config.h"
#include "net/address.h"

namespace dvpn::relay {

/// A non-blocking socket for the target's family with the options that its flow needs; none, with errno set, if it
/// cannot be had. A ping's needs net.ipv4.ping_group_range to hold the process's group (icmp(7)), else EACCES.
UniqueFd make_target_socket(config::Protocol protocol, net::Family family);

/// connect(2): 0, or errno.
int connect_target(int fd, const net::Endpoint& target);

/// The socket's own end.
std::optional<net::Endpoint> local_endpoint(int fd);

/// Datagrams that the kernel dropped because nobody took them in time.
std::uint32_t dropped_by_kernel(int fd);

}  // namespace dvpn::relay
