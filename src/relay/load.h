// SPDX-License-Identifier: GPL-2.0-or-later
// From relay.yaml to what the child gets and where it is put.
#pragma once

#include <expected>
#include <string>

#include "relay/child.h"
#include "relay/settings.h"

namespace dvpn::relay {

struct Loaded {
  Settings settings;
  ChildPlace place;
  std::string warnings;  ///< lines for people, each ended
};

/// Whether the relay's own account and group have to exist.
enum class Accounts { kResolved, kIgnored };

/// The error is text for people, one or more lines, each ended.
std::expected<Loaded, std::string> load(const std::string& path, Accounts accounts);

}  // namespace dvpn::relay
