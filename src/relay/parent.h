// SPDX-License-Identifier: GPL-2.0-or-later
// The process that the service manager started: outside the gaol, it reads the configuration, hands it to its child,
// and passes on what signals ask for. Nothing that a remote party sends comes near it, but for an address, which it checks:
// it binds sockets of the child to addresses of clients, if the configuration lets an account claim those (source_binder.h).
//
//   SIGHUP   the configuration is read anew; if it is valid the child gets it, and live flows stay
//   SIGTERM  (and SIGINT) the child drains; the second one ends it at once
//   SIGUSR1  the child logs its counters
//
// Parent and child end together: the child dies with the parent (PR_SET_PDEATHSIG, and the end of the socket pair), and
// the parent ends with kExitChildDied when the child does unasked.
#pragma once

#include <string>

namespace dvpn::relay {

/// Exit statuses (sysexits.h has the numbers' meanings).
enum ExitStatus : int {
  kExitOk = 0,
  kExitUsage = 64,
  kExitChildDied = 70,   ///< the serving process ended unasked
  kExitFailed = 71,      ///< a system call failed
  kExitPlaceTaken = 73,  ///< the socket or the gaol cannot be used
  kExitConfig = 78,      ///< the configuration is wrong
};

/// Reads the configuration and says on standard error what is wrong with it, on standard output that nothing is.
ExitStatus check_configuration(const std::string& path);

/// Serves until a signal ends it.
ExitStatus run_parent(const std::string& path);

}  // namespace dvpn::relay
