// SPDX-License-Identifier: GPL-2.0-or-later
// dvpn-relay: the far end of a flow. See dvpn-relay(8).
#include <CLI/CLI.hpp>
#include <string>

#include "relay/parent.h"

int main(int argc, char** argv) {
  CLI::App app("Answers flow requests that come in over sshd, connects to their targets and copies.", "dvpn-relay");
  std::string path = "/etc/dvpn/relay.yaml";
  bool only_check = false;
  app.add_option("-c,--config", path, "The configuration")->type_name("FILE")->capture_default_str();
  app.add_flag("--check", only_check, "Check the configuration, say what is wrong with it, and exit");
  app.set_version_flag("--version", "dvpn-relay " DVPN_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? dvpn::relay::kExitOk : dvpn::relay::kExitUsage;
  }
  return only_check ? dvpn::relay::check_configuration(path) : dvpn::relay::run_parent(path);
}
