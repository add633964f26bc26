// SPDX-License-Identifier: GPL-2.0-or-later
// Edits of the known_hosts file: the keys of one gateway's sshd are pinned, or its pins go. Pure; every other line stays as it is.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "ssh/public_key.h"
#include "table/table.h"

namespace dvpn::cli {

/// What becomes of pins that say something else.
enum class OtherPins { kRefuse, kReplace };

/// The name under which dvpnd looks a gateway up: "host", or "[host]:port" for a port other than 22.
std::string pin_name(const table::GatewaySpec& gateway);

/// The text with `keys` pinned for the gateway. If it has pins already, all of `keys` have to be among them: a further one, which somebody
/// else's block may bring, is refused with a sentence; or, with kReplace, all pins make room for `keys`, so that others go. A key that is marked @revoked is always refused.
std::expected<std::string, std::string> with_pins(std::string_view content, const table::GatewaySpec& gateway,
                                                  const std::vector<ssh::PublicKey>& keys, OtherPins others);

/// The text without the gateway's pins. Lines that say @revoked stay.
std::string without_pins(std::string_view content, const table::GatewaySpec& gateway);

}  // namespace dvpn::cli
