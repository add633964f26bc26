// SPDX-License-Identifier: GPL-2.0-or-later
// The groups of commands, one file each: what they are called, their options, and which function does it.
#pragma once

#include "cli/command_line.h"

namespace dvpn::cli {

void add_map_commands(CommandLine& line);     ///< the table on disk
void add_daemon_commands(CommandLine& line);  ///< questions to dvpnd, and reload
void add_watch_commands(CommandLine& line);   ///< what can be watched as it goes
void add_why_command(CommandLine& line);
void add_init_command(CommandLine& line);   ///< a new site
void add_peer_commands(CommandLine& line);  ///< other sites, joined by blocks
void add_check_command(CommandLine& line);  ///< the whole site

}  // namespace dvpn::cli
