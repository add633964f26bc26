// SPDX-License-Identifier: GPL-2.0-or-later
// What a resolver would read in the same file: the names of every line, with or without a route.
#pragma once

#include <string_view>
#include <vector>

#include "net/address.h"

namespace dvpn::table {

/// The addresses of the lines of a hosts file that have this name, in their order, each once. Case does not matter.
std::vector<net::Address> addresses_of(std::string_view content, std::string_view name);

/// As a resolver compares names: case does not matter (RFC 4343).
bool same_name(std::string_view a, std::string_view b);

}  // namespace dvpn::table
