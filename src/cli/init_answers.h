// SPDX-License-Identifier: GPL-2.0-or-later
// What `dvpn init` works from: options, what is there already, what the machine says, and the answers to what is still open, in this
// order.
#pragma once

#include <expected>

#include "cli/init.h"
#include "cli/init_files.h"

namespace dvpn::cli {

struct Refused {
  std::string text;
  ExitCode code;
};

/// The plan, every value of which can stand in its file. Asks nobody for what is known.
std::expected<SitePlan, Refused> find_answers(const SiteFiles& files, const InitOptions& options);

/// For people: what the plan says.
std::string describe(const SitePlan& plan);

}  // namespace dvpn::cli
