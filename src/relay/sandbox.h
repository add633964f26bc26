// SPDX-License-Identifier: GPL-2.0-or-later
// The serving child's system calls, cut down to what its loop needs (seccomp(2)).
#pragma once

#include "base/error.h"

namespace dvpn::relay {

/// From here on anything that is not on the list kills the process: no file is opened, no program started, no socket
/// made but one of TCP, UDP or ping. Call it last, with one thread. Built with a sanitizer it does nothing but warn, for the
/// sanitizers' own calls are not on the list.
Status enter_sandbox();

}  // namespace dvpn::relay
