// SPDX-License-Identifier: GPL-2.0-or-later
// What `dvpnd --dump rules` prints for the rule installer: one "key value" a line, in a fixed order, so that equal
// configurations and tables give equal bytes.
#pragma once

#include <string>
#include <vector>

#include "config/daemon_config.h"
#include "net/address.h"

namespace dvpn::config {

/// Those of the table's prefixes that belong in the sets: the ones inside the site's own networks are left out;
/// sorted, each once.
std::vector<net::Prefix> set_prefixes(const DaemonConfig& config, std::vector<net::Prefix> table_prefixes);

/// Each line ends with a newline.
std::string dump_rules(const DaemonConfig& config, std::vector<net::Prefix> table_prefixes);

}  // namespace dvpn::config
