// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn init`: sets a new site up. It finds out what it can, asks for the rest, and makes what is missing: accounts and gaol
// (dvpn-chroot), configuration, table, key. What is there stays as it is, so a second run changes nothing. It opens nothing, starts
// nothing and changes no firewall rule; it says what to do next.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/map_edit.h"
#include "cli/peer.h"
#include "cli/site_probe.h"

namespace dvpn::cli {

struct InitOptions {
  std::string name;
  std::vector<std::string> networks;  ///< as the line has them
  std::vector<std::string> lan;
  bool leaf = false;  ///< as the line has it: no LAN
  std::vector<std::string> wan;
  std::vector<std::string> gateways;
  std::string gaol = config::RelayConfig().gaol;
  std::string run_folder = "/run/dvpn";
  std::string sshd_config = kSshdConfig;
  std::string dnsmasq_folder;  ///< empty: no snippet is wanted
  Apply apply = Apply::kWrite;
  Consent consent = Consent::kAsk;
  std::function<std::unique_ptr<Asker>()> terminal = open_terminal;
  std::function<Machine()> probe = probe_machine;
};

/// kUsage: something cannot be found out and there is nobody to ask; kBadData: an answer or option is wrong; kNo: a file that is there says
/// something else, and was left alone; kCannotWrite.
ExitCode init_site(CommandLine& line, const InitOptions& options);

}  // namespace dvpn::cli
