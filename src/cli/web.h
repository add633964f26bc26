// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn web --listen ADDRESS:PORT`: the status page without a place in the daemon's configuration, served by this program as long as it
// runs. The page is the daemon's own; what it asks for is asked on the control socket, with the rights of whoever runs this.
#pragma once

#include <string>

#include "cli/command_line.h"

namespace dvpn::cli {

/// Who may be able to reach the page.
enum class Reach { kThisMachine, kAnybody };

/// Says where the page is, and serves it until a signal ends the process. Returns only when it cannot: no address, one that others reach, no daemon.
ExitCode serve_page(CommandLine& line, const std::string& listen, Reach reach);

}  // namespace dvpn::cli
