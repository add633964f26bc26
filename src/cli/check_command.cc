// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn check`
#include <map>
#include <memory>

#include "base/text.h"
#include "cli/check.h"
#include "cli/commands.h"

namespace dvpn::cli {

void add_check_command(CommandLine& line) {
  struct Options {
    std::string sshd_config = kSshdConfig;
    AskGateways ask = AskGateways::kSome;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = line.add("check", "The whole site, point by point, and what to do about each",
                               [&line, options] { return check_site(line, site_files(line.config_file(), options->sshd_config), options->ask); });
  command->add_option("--sshd-config", options->sshd_config, text("sshd's configuration (", kSshdConfig, ")"));
  const std::map<std::string, AskGateways> names = {{"all", AskGateways::kAll}, {"used", AskGateways::kUsed}, {"none", AskGateways::kNone}};
  command->add_option("--gateways", options->ask, "Which gateways dvpnd asks: all, used or none; the first 20 if it is not given")
      ->transform(CLI::Transformer(names, CLI::ignore_case));
}

}  // namespace dvpn::cli
