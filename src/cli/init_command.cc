// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn init`
#include <memory>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/init.h"

namespace dvpn::cli {

void add_init_command(CommandLine& line) {
  const auto options = std::make_shared<InitOptions>();
  CLI::App* command = line.add("init", "Set this site up: accounts, gaol, configuration, table, key", [&line, options] { return init_site(line, *options); });
  command->add_option("--name", options->name, "What other sites shall call this one (its host name)");
  command->add_option("--network", options->networks, "This site's own networks (those of the LAN)");
  auto* lan = command->add_option("--lan", options->lan, "Interfaces whose hosts are carried (those with private addresses)");
  command->add_flag("--leaf", options->leaf, "There is no LAN: this machine's own traffic is carried")->excludes(lan);
  command->add_option("--wan", options->wan, "Interfaces that face the Internet (those of the default route)");
  command->add_option("--gateway", options->gateways, "Under which other sites reach this machine's sshd: HOST[:PORT]");
  command->add_flag_callback("--dnsmasq", [options] { options->dnsmasq_folder = "/etc/dnsmasq.d"; }, "Have dnsmasq serve the table's names to the LAN");
  command->add_option("--dnsmasq-folder", options->dnsmasq_folder, "The same, with the snippet in this folder (/etc/dnsmasq.d)");
  command->add_option("--gaol", options->gaol, text("Where peers are locked into (", options->gaol, ")"));
  command->add_option("--run", options->run_folder, text("The control socket's folder (", options->run_folder, ")"));
  command->add_option("--sshd-config", options->sshd_config, text("sshd's configuration (", kSshdConfig, ")"));
  command->add_flag_callback("--yes", [options] { options->consent = Consent::kGiven; }, "Do not ask: what was found out is right");
  command->add_flag_callback("--dry-run", [options] { options->apply = Apply::kShow; }, "Show what would be done, and do nothing");
}

}  // namespace dvpn::cli
