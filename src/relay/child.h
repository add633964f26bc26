// SPDX-License-Identifier: GPL-2.0-or-later
// The serving process: opens the socket in the gaol, locks itself in, and runs the loop.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/privileges.h"
#include "base/unique_fd.h"

namespace dvpn::relay {

/// What only a restart can change.
struct ChildPlace {
  std::string gaol;
  std::string socket;  ///< inside the gaol
  Account account;
  gid_t group = 0;
  bool operator==(const ChildPlace&) const = default;
};

/// How a child ended, as its exit status.
enum ChildExit : int {
  kChildDone = 0,         ///< drained, or the parent is gone
  kChildFailed = 1,       ///< a system call failed
  kChildPlaceTaken = 2,   ///< something is wrong with the socket's path: another relay, most likely
};

/// Runs the child to its end in the calling process, which has to be root and single-threaded: after this it is
/// nobody any more. `control`, `sources`: its ends of the two socket pairs; `parent`: the process id it came from.
ChildExit run_child(const ChildPlace& place, UniqueFd control, UniqueFd sources, pid_t parent);

}  // namespace dvpn::relay
