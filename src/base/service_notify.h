// SPDX-License-Identifier: GPL-2.0-or-later
// Tells the service manager how we are (sd_notify(3)), when there is one that listens.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace dvpn {

/// Sends "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1" or "STATUS=…" to $NOTIFY_SOCKET. Does nothing without one;
/// never blocks, and a manager that does not listen is its own trouble.
void notify_service(std::string_view state);

/// How often "WATCHDOG=1" is expected ($WATCHDOG_USEC, for this process); nothing if it is not.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace dvpn
