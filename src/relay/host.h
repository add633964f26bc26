// SPDX-License-Identifier: GPL-2.0-or-later
// What the parent finds out about the machine for its child: accounts and interface addresses.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "net/address.h"
#include "relay/settings.h"

namespace dvpn::relay {

/// Everyone in /etc/passwd (a static program cannot use NSS).
Result<std::vector<KnownAccount>> local_accounts();

/// The addresses of all interfaces (getifaddrs(3)).
Result<std::vector<net::Address>> interface_addresses();

}  // namespace dvpn::relay
