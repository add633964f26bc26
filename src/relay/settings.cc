// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/settings.h"

#include <algorithm>

namespace dvpn::relay {

ResolvedSettings make_settings(const config::RelayConfig& config, std::vector<KnownAccount> accounts,
                               const std::vector<net::Address>& own_addresses) {
  ResolvedSettings out;
  Settings& settings = out.settings;
  if (config.access.empty()) settings.rules.push_back({std::nullopt, config.networks, {}});
  for (const config::AccessRule& rule : config.access) {
    Rule resolved{std::nullopt, rule.to, rule.ports, rule.protocols, rule.source, rule.from};
    if (rule.account != "*") {
      const auto found = std::ranges::find(accounts, rule.account, &KnownAccount::name);
      if (found == accounts.end()) {
        out.unknown_accounts.push_back(rule.account);
        continue;
      }
      resolved.uid = found->uid;
    }
    settings.rules.push_back(std::move(resolved));
  }
  for (const net::Address& address : own_addresses) {
    const auto holds = [&](const net::Prefix& network) { return network.contains(address); };
    if (std::ranges::none_of(config.networks, holds)) settings.wan_addresses.push_back(address);
  }
  settings.accounts = std::move(accounts);
  settings.limits = config.limits;
  settings.connect_timeout = config.connect_timeout;
  settings.request_timeout = config.request_timeout;
  settings.spare_timeout = config.spare_timeout;
  settings.udp_timeout = config.udp_timeout;
  settings.log_level = config.log_level;
  return out;
}

}  // namespace dvpn::relay
