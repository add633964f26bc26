// SPDX-License-Identifier: GPL-2.0-or-later
// The operator's program; see src/cli.
#include <exception>
#include <iostream>

#include "cli/app.h"
#include "cli/exit_code.h"

int main(int argc, char** argv) {
  try {
    const int code = dvpn::cli::run({argv + 1, argv + argc}, std::cout, std::cerr);
    std::cout.flush();
    return std::cout ? code : dvpn::cli::kNo;  // a full disk, a closed pipe
  } catch (const std::exception& error) {
    std::cerr << "dvpn: " << error.what() << '\n';
    return dvpn::cli::kNo;
  }
}
