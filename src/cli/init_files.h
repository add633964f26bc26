// SPDX-License-Identifier: GPL-2.0-or-later
// The files that `dvpn init` writes, as texts, and whether those that are there say the same. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/site_files.h"
#include "config/daemon_config.h"
#include "config/relay_config.h"

namespace dvpn::cli {

/// What is to be said about a site; the rest has its defaults.
struct SitePlan {
  SiteFiles files;
  std::string name;
  std::vector<net::Prefix> networks;
  std::vector<std::string> lan;  ///< empty: a leaf
  std::vector<std::string> wan;
  std::vector<std::string> gateways;
  std::vector<net::Port> sshd_ports;
  std::string gaol;
  std::string run_folder;  ///< of the control socket
  std::string table;
  std::string known_hosts;
  std::string key;  ///< the private one
};

/// A plan that says nothing yet but where things are: beside the configuration.
SitePlan new_plan(const SiteFiles& files, const std::string& gaol, const std::string& run_folder);

/// The plan that an existing configuration is the outcome of.
SitePlan plan_of(const SiteFiles& files, const config::DaemonConfig& daemon, const std::string& gaol);

std::string dvpnd_yaml(const SitePlan& plan);
std::string relay_yaml(const SitePlan& plan);
std::string empty_table(const SitePlan& plan);
std::string empty_known_hosts();
std::string dnsmasq_snippet(const SitePlan& plan);
/// Where the names are published.
std::string names_folder(const SitePlan& plan);

/// What the configuration says otherwise than the plan, a sentence each.
std::vector<std::string> differences(const SitePlan& plan, const config::DaemonConfig& there);
std::vector<std::string> differences(const SitePlan& plan, const config::RelayConfig& there);

}  // namespace dvpn::cli
