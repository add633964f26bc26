// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/app.h"

#include "cli/commands.h"

namespace dvpn::cli {

int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  CommandLine line(out, err);
  add_map_commands(line);
  add_daemon_commands(line);
  add_watch_commands(line);
  add_why_command(line);
  add_init_command(line);
  add_peer_commands(line);
  add_check_command(line);
  return line.run(arguments);
}

}  // namespace dvpn::cli
