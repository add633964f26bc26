// SPDX-License-Identifier: GPL-2.0-or-later
// Everything that was read from files, as one immutable value. A reload makes a new one and swaps it whole; a flow keeps
// the one that it began with.
#pragma once

#include <memory>
#include <optional>

#include "config/daemon_config.h"
#include "gateway/gateway.h"
#include "table/table.h"

namespace dvpn::flow {

struct Snapshot {
  config::DaemonConfig config;
  table::Table table;
  std::shared_ptr<const gateway::Settings> gateways;

  /// Whether the address lies in the site's own networks.
  bool own(const net::Address& address) const {
    for (const net::Prefix& network : config.site.networks)
      if (network.contains(address)) return true;
    return false;
  }
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace dvpn::flow
