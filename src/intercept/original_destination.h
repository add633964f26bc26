// SPDX-License-Identifier: GPL-2.0-or-later
// Where a redirected connection was going before the REDIRECT rule turned it to us.
#pragma once

#include <optional>

#include "net/address.h"

namespace dvpn::intercept {

/// SO_ORIGINAL_DST or IP6T_SO_ORIGINAL_DST (linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h) of an accepted
/// socket with the local address `local`: the destination in conntrack's original direction. A connection that was made straight to the listener has the
/// listener itself as its original destination. Nothing if conntrack does not know the connection. Needs no privilege.
std::optional<net::Endpoint> original_destination(int socket, const net::Endpoint& local);

/// getsockname(2); nothing if the socket is gone.
std::optional<net::Endpoint> local_endpoint(int socket);

}  // namespace dvpn::intercept
