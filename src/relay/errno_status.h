// SPDX-License-Identifier: GPL-2.0-or-later
// From what the kernel says about a connection to what goes over the wire.
#pragma once

#include "wire/status.h"

namespace dvpn::relay {

/// Why socket(2) or connect(2) failed.
wire::Status connect_status(int error);

/// Why a connection that was up ended: the reason of a reset frame.
wire::Status reset_status(int error);

}  // namespace dvpn::relay
