// SPDX-License-Identifier: GPL-2.0-or-later
// The command line of `dvpn`.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace dvpn::cli {

/// Runs `dvpn ARGUMENTS…` (without the program's name) and returns its exit code (exit_code.h). Answers go to `out`,
/// what is wrong to `err`.
int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace dvpn::cli
