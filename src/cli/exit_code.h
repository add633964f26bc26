// SPDX-License-Identifier: GPL-2.0-or-later
// How `dvpn` ends; dvpn(1) promises these numbers to scripts.
#pragma once

namespace dvpn::cli {

enum ExitCode : int {
  kOk = 0,
  kNo = 1,           ///< the answer is no: no route, a file with mistakes, a gateway that is down
  kUsage = 2,        ///< the command line is wrong
  kUnreachable = 3,  ///< dvpnd does not answer

  // As in sysexits.h, of `dvpn why` and of edits of the table:
  kBadQuestion = 64,       ///< EX_USAGE
  kBadData = 65,           ///< EX_DATAERR: the table has mistakes, or would have
  kUnavailable = 69,       ///< EX_UNAVAILABLE: dvpnd does not answer
  kCannotWrite = 73,       ///< EX_CANTCREAT
  kNoPermission = 77,      ///< EX_NOPERM: it takes root
  kBadConfiguration = 78,  ///< EX_CONFIG
};

}  // namespace dvpn::cli
