// SPDX-License-Identifier: GPL-2.0-or-later
// The grammar of a gateway: [user@]host[:port].
#pragma once

#include <optional>
#include <string_view>

#include "table/line_report.h"
#include "table/table.h"

namespace dvpn::table {

/// `word` is a part of the report's line and has neither blanks nor commas. Nothing if it is wrong, which was
/// reported then. Names are held in lower case.
std::optional<GatewaySpec> parse_gateway(std::string_view word, LineReport& report);

}  // namespace dvpn::table
