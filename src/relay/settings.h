// SPDX-License-Identifier: GPL-2.0-or-later
// What the serving child has to know: relay.yaml with every name resolved by the parent, because the child, in the
// gaol, can look up nothing. An immutable value; a reload hands over a whole new one.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/relay_config.h"
#include "net/address.h"

namespace dvpn::relay {

/// A login account, for matching rules and for log lines.
struct KnownAccount {
  uid_t uid = 0;
  std::string name;
  bool operator==(const KnownAccount&) const = default;
};

/// What may be reached, by one account or by all.
struct Rule {
  std::optional<uid_t> uid;  ///< nothing: any account
  std::vector<net::Prefix> to;
  std::vector<config::PortRange> ports{};     ///< of TCP and UDP; empty: all
  std::vector<config::Protocol> protocols{};  ///< empty: all
  config::Source source = config::Source::kGateway;
  std::vector<net::Prefix> from{};  ///< with kClient: whose addresses may be claimed
  bool operator==(const Rule&) const = default;
};

struct Settings {
  std::vector<Rule> rules;
  std::vector<net::Address> wan_addresses;  ///< the gateway's own, outside the site's networks
  std::vector<KnownAccount> accounts;
  config::RelayConfig::Limits limits;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds request_timeout{10'000};
  std::chrono::milliseconds spare_timeout{600'000};
  std::chrono::milliseconds udp_timeout{180'000};
  std::chrono::milliseconds heartbeat{0};  ///< how often the child shows the parent that it lives; 0: never
  LogLevel log_level = LogLevel::kInfo;
  bool operator==(const Settings&) const = default;
};

struct ResolvedSettings {
  Settings settings;
  std::vector<std::string> unknown_accounts;  ///< named in the access list, but nobody has the name
};

/// `accounts`: everyone who could call; `own_addresses`: all of the gateway's interfaces.
ResolvedSettings make_settings(const config::RelayConfig& config, std::vector<KnownAccount> accounts,
                               const std::vector<net::Address>& own_addresses);

}  // namespace dvpn::relay
