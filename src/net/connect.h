// SPDX-License-Identifier: GPL-2.0-or-later
// A TCP connection to a name or an address, under a deadline.
#pragma once

#include <string>

#include "base/error.h"
#include "net/address.h"
#include "net/asio.h"

namespace dvpn::net {

/// Resolves `host` (in a thread of Asio's own: getaddrinfo(3) blocks) and tries its addresses in the order in which
/// they come, each for at most half of what is left of `within` while others remain. Errors: kRetry, with what each
/// address said.
Task<Result<TcpSocket>> connect_tcp(std::string host, Port port, std::chrono::milliseconds within);

}  // namespace dvpn::net
