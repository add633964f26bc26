// SPDX-License-Identifier: GPL-2.0-or-later
// What the log calls a target, and says of a flow when it ends. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "relay/connection.h"

namespace dvpn::relay {

/// "10.0.32.5:80", "udp 10.0.32.5:53", "ping 10.0.32.5".
std::string target_text(config::Protocol protocol, const net::Endpoint& target);

std::string flow_line(const Connection& connection, std::string_view account, Outcome outcome,
                      std::chrono::milliseconds age);

}  // namespace dvpn::relay
