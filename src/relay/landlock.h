// SPDX-License-Identifier: GPL-2.0-or-later
// No files for the serving child, whatever else fails (landlock(7)).
#pragma once

#include "base/error.h"

namespace dvpn::relay {

/// From here on the process and what it starts can open, make, remove or run no file: the gaol has none for it, and the filter of system
/// calls opens none; this holds where both were got around. False: the kernel has no Landlock (before 5.13, or not among its
/// `lsm=`), and nothing was done. Needs no privilege but forbid_new_privileges().
Result<bool> forbid_files();

}  // namespace dvpn::relay
