// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn map …`: questions about the table on disk. They ask no daemon and need no privilege beyond reading the file.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "net/address.h"

namespace dvpn::cli {

enum class Form { kText, kJson };

struct MapFiles {
  std::string table;                      ///< the hosts-style table
  std::vector<net::Prefix> own_networks;  ///< the site's own, whose lines are inert; empty if they are not known
};

/// Which gateways an address, or every address of a name in the table's file, is carried through. kNo if one of them
/// has no route, if the name is not there or if the table has errors.
ExitCode map_lookup(const MapFiles& files, const std::string& what, Form form, std::ostream& out, std::ostream& err);

/// Every prefix, in order. kNo if the table has errors.
ExitCode map_list(const MapFiles& files, Form form, std::ostream& out, std::ostream& err);

/// The lines of the file as they stand there, with their numbers: all that have an address, or those of `what`, an address or a name.
/// kNo if there is none.
ExitCode map_show(const MapFiles& files, const std::string& what, Form form, std::ostream& out, std::ostream& err);

/// Everything that is wrong with the table. kNo if there are errors; warnings are none.
ExitCode map_check(const MapFiles& files, Form form, std::ostream& out, std::ostream& err);

}  // namespace dvpn::cli
