// SPDX-License-Identifier: GPL-2.0-or-later
// Another program, run to its end: ssh-keygen, sshd, dvpn-chroot, dvpn-rules. No shell is between, and its input is empty.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"

namespace dvpn::cli {

/// What became of it, with the first megabyte of what it said.
struct Ran {
  int exit = 0;  ///< its status; 128 + number when a signal ended it
  std::string out;
  std::string err;

  /// What it complained of, in one piece: standard error, or else standard output, without the line end.
  std::string complaint() const;
};

/// Runs `words`, the first of which is looked up in PATH and then in the system's sbin folders. kConfiguration if there is no such
/// program, kSystem if it did not end in time; it is killed then. Blocks.
Result<Ran> run_program(const std::vector<std::string>& words, std::chrono::milliseconds within = std::chrono::seconds(60));

}  // namespace dvpn::cli
