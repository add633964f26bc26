// SPDX-License-Identifier: GPL-2.0-or-later
// libssh as a library: started once, and which version it is.
#pragma once

#include <string>

#include "base/error.h"

namespace dvpn::ssh {

/// Call once before any thread uses this module, paired with nothing: libssh lives as long as the process. Fails when
/// the library is one that must not be used.
Status initialize();

/// "0.10.6".
std::string library_version();

}  // namespace dvpn::ssh
