// SPDX-License-Identifier: GPL-2.0-or-later
// This site as `dvpn init`, `peer` and `check` see it: where its files are, what they say, and dvpn-chroot for it.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "cli/program.h"
#include "cli/site_files.h"
#include "config/daemon_config.h"
#include "config/relay_config.h"

namespace dvpn::cli {

inline constexpr const char* kPeersAccount = "dvpn";  ///< that peers log in to who have none of their own

struct PeerSite {
  SiteFiles files;
  config::DaemonConfig config;
  config::RelayConfig relay;
};

/// Reads both configurations, or says everything that is wrong with them.
std::expected<PeerSite, std::string> read_peer_site(const SiteFiles& files);

/// The login accounts that have a file of keys, in order; `dvpn` is always among them. (Files with other names are no account's.)
std::vector<std::string> login_accounts(const SiteFiles& files);

/// What `dvpn-chroot COMMAND` has to be told for this site.
std::vector<std::string> chroot_command(const PeerSite& site, const std::vector<std::string>& accounts, const std::string& command);

/// Runs it. An error has what it complained of.
Status build_accounts(const PeerSite& site, const std::vector<std::string>& accounts);

}  // namespace dvpn::cli
