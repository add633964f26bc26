// SPDX-License-Identifier: GPL-2.0-or-later
// A unix socket that the daemon serves: bound for root and a group.
#pragma once

#include <string>

#include "base/error.h"
#include "net/asio.h"

namespace dvpn::control {

/// Binds `path` with mode 0660 for `group` (none, or one that does not exist: root alone) and listens. A socket that nobody serves any
/// more is replaced; one that answers is an error: the daemon runs already. `what` begins each message.
Status listen_unix(net::UnixAcceptor& acceptor, const std::string& what, const std::string& path, const std::string& group);

}  // namespace dvpn::control
