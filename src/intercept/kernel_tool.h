// SPDX-License-Identifier: GPL-2.0-or-later
// Programs that change or show the kernel's state, ipset(8) and ip(8): run with a text as their input, without blocking, and ended when
// they take too long. They need CAP_NET_ADMIN as an ambient capability.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "net/asio.h"

namespace dvpn::intercept {

/// What a program said, on both its streams and at most 64 MiB of it, and whether it succeeded.
struct ToolOutcome {
  bool ok;
  std::string output;
  /// Its first words in one line, for a message.
  std::string complaint() const;
};

/// Runs `path` with `arguments`, the first of them its name, for at most 10 s. An error: it could not be run at all.
net::Task<Result<ToolOutcome>> run_tool(const char* path, std::vector<std::string> arguments, std::string input);

}  // namespace dvpn::intercept
