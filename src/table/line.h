// SPDX-License-Identifier: GPL-2.0-or-later
// The grammar of one line: ADDRESS NAME… #! GATEWAY[,GATEWAY…] [PREFIX…] [OPTION=VALUE…] [# comment]
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "table/line_report.h"
#include "table/table.h"

namespace dvpn::table {

/// The part of a line in front of a marker and the part behind it.
struct MarkedLine {
  net::Address address;
  std::string_view address_word;
  std::string_view names;   ///< at least one, as written, without blanks around them
  std::string_view marker;  ///< "#!"
  std::string_view behind;  ///< up to a comment
};

/// Nothing for a line without a marker, whatever is in it. Warns about a "#!" behind words that are no address and
/// name, where it is a comment.
std::optional<MarkedLine> find_marker(LineReport& report);

/// Reads what is behind the marker. `places` receives the part of the line where each of the route's prefixes stands,
/// or the address for one that is not written. Nothing if something is wrong, which was reported then. The route's
/// names look at the line.
std::optional<Route> parse_route(const MarkedLine& marked, std::vector<std::string_view>& places, LineReport& report);

}  // namespace dvpn::table
