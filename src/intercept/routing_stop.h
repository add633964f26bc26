// SPDX-License-Identifier: GPL-2.0-or-later
// The routing table by which nothing for another site is forwarded, whatever becomes of the firewall's rules: kept equal to the table
// without a gap. The rule installer makes it, and the routing rules that lead there (rules/parts/stop.sh); where it is missing,
// nothing is done.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/address.h"
#include "net/asio.h"

namespace dvpn::intercept {

/// The commands for `ip -batch` that make of what `ip route show table 7981` lists, in one family, the routes for exactly `prefixes` with the
/// site's own `networks` left out; new ones first. Nothing: the table is not in use.
std::optional<std::string> stop_commands(std::string_view listing, net::Family family, std::span<const net::Prefix> prefixes,
                                         std::span<const net::Prefix> networks);

/// Runs ip(8) over what has to change. True: done; false: there is no such table. Needs CAP_NET_ADMIN as an ambient capability.
net::Task<Result<bool>> fill_stop(std::vector<net::Prefix> prefixes, std::vector<net::Prefix> networks);

/// The same, quickly, if the routes are still those for `before`: a table of tens of thousands is not listed for a line that changes. If
/// they turn out not to be, as fill_stop().
net::Task<Result<bool>> change_stop(std::vector<net::Prefix> before, std::vector<net::Prefix> prefixes, std::vector<net::Prefix> networks);

/// Whether routing rules of every family lead to the table.
net::Task<bool> stop_in_place();

}  // namespace dvpn::intercept
