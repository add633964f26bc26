// SPDX-License-Identifier: GPL-2.0-or-later
// One question to this site's own relay: is it there, and what is it.
#pragma once

#include <expected>
#include <string>

namespace dvpn::cli {

/// Sends a hello (src/wire/PROTOCOL.md) to the socket: what software answers, which may be empty, or a sentence without the path. Blocks,
/// three seconds at most.
std::expected<std::string, std::string> ask_relay_hello(const std::string& socket);

}  // namespace dvpn::cli
