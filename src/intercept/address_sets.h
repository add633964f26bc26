// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's address sets (ipset(8), hash:net) that the rules match: kept equal to the table without touching a rule.
// The rule installer creates them; where they are missing, nothing is done.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/address.h"
#include "net/asio.h"

namespace dvpn::intercept {

enum class SetState { kOff, kAbsent, kSynced, kFailed };

/// Whether there are rules that match the sets.
enum class RulesState { kUnknown, kAbsent, kInPlace };

/// The commands for `ipset restore` that make the sets NAME4 and NAME6 hold exactly `prefixes`, with the site's own
/// `networks` as exceptions: new sets are filled beside them and swapped in, each in one step.
std::string set_commands(const std::string& name, std::span<const net::Prefix> prefixes,
                         std::span<const net::Prefix> networks);

/// The commands that take `prefixes` out.
std::string removal_commands(const std::string& name, std::span<const net::Prefix> prefixes);

/// Runs ipset(8) over the commands, for at most 10 s. True: done; false: there are no such sets. Needs CAP_NET_ADMIN as
/// an ambient capability.
net::Task<Result<bool>> run_ipset(std::string name, std::string commands);

/// By the references that the kernel counts for each set: a rule that matches it is one. So it is seen as well when somebody has
/// flushed the rules and left the sets. It says that there are rules, not that each is right (`dvpn-rules check` does).
net::Task<RulesState> find_rules(std::string name);

/// The references in what `ipset -terse list` says; nothing if it does not say.
std::optional<unsigned> references(std::string_view listing);

}  // namespace dvpn::intercept
