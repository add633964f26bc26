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

/// As parse_site_prefix, for a list of what may be reached: loopback and link-local addresses can be listed, as blocks
/// that hold nothing else, so that nobody opens them by accident with a block that is too wide.
std::expected<Prefix, std::string> parse_listed_prefix(std::string_view word);

/// Why a site cannot own this block ("it covers loopback addresses"); empty if it can.
std::string_view why_no_site_prefix(const Prefix& prefix);

}  // namespace dvpn::net
