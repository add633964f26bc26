// SPDX-License-Identifier: GPL-2.0-or-later
// Address blocks that a person may write into a table or a configuration: those that a site can own. The one place
// that says what is refused and why.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "net/address.h"

namespace dvpn::net {

/// "10.0.32.0/24", "fd00:32::/64", always with its length. Refused, with a sentence that says why: host bits, /0, and
/// whatever touches loopback, link-local, multicast, unspecified or broadcast addresses.
std::expected<Prefix, std::string> parse_site_prefix(std::string_view word);

/// Why a site cannot own this block ("it covers loopback addresses"); empty if it can.
std::string_view why_no_site_prefix(const Prefix& prefix);

}  // namespace dvpn::net
