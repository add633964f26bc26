// SPDX-License-Identifier: GPL-2.0-or-later
// How `dvpn` ends; dvpn(1) promises these numbers to scripts.
#pragma once

namespace dvpn::cli {

enum ExitCode : int {
  kOk = 0,
  kNo = 1,           ///< the answer is no: no route, a file with mistakes, a gateway that is down
  kUsage = 2,        ///< the command line is wrong
  kUnreachable = 3,  ///< dvpnd does not answer

  // `dvpn why`, as in sysexits.h:
  kBadQuestion = 64,       ///< EX_USAGE
  kUnavailable = 69,       ///< EX_UNAVAILABLE: dvpnd does not answer
  kBadConfiguration = 78,  ///< EX_CONFIG
};

}  // namespace dvpn::cli
