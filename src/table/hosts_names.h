// SPDX-License-Identifier: GPL-2.0-or-later
// What a resolver would read in the same file: the names of every line, with or without a route.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"

namespace dvpn::table {

/// The addresses of the lines of a hosts file that have this name, in their order, each once. Case does not matter.
std::vector<net::Address> addresses_of(std::string_view content, std::string_view name);

/// A line as it stands in the text, without its end.
struct HostsLine {
  std::size_t number;  ///< from 1
  std::string_view text;
};

/// The lines that begin with this address, or have this name; with neither given, every line that has an address.
std::vector<HostsLine> lines_of(std::string_view content, std::string_view address_or_name);

/// Every line's address and names and nothing else, as a hosts file.
std::string plain_hosts(std::string_view content);

/// As a resolver compares names: case does not matter (RFC 4343).
bool same_name(std::string_view a, std::string_view b);

}  // namespace dvpn::table
