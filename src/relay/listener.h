// SPDX-License-Identifier: GPL-2.0-or-later
// The relay's socket in the gaol.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace dvpn::relay {

/// A listening, non-blocking unix stream socket at `path`, mode 0660, owned by the caller and `group`. A socket that
/// nobody listens on any more is replaced. kConfiguration: another process listens there, or the path is something
/// else than a socket.
Result<UniqueFd> open_listener(const std::string& path, gid_t group);

}  // namespace dvpn::relay
