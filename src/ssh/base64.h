// SPDX-License-Identifier: GPL-2.0-or-later
// Base64 (RFC 4648, 4) as key files have it, read strictly. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dvpn::ssh {

/// The bytes, if `word` is their one spelling: with its padding, and nothing else in it.
std::optional<std::string> from_base64(std::string_view word);

}  // namespace dvpn::ssh
