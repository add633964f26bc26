// SPDX-License-Identifier: GPL-2.0-or-later
// What the table calls the sites behind gateways. Looked up once for each gateway and table, since a table may have tens of thousands
// of lines.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "flow/snapshot.h"

namespace dvpn::control {

class SiteNames {
 public:
  /// Fills in Stats::site: the first name of the first line that has the gateway; empty if the table has no such line any more.
  void fill(const flow::SnapshotPtr& snapshot, std::vector<gateway::Stats>& gateways);

 private:
  flow::SnapshotPtr snapshot_;  // that the names are of
  std::unordered_map<std::string, std::string> names_;
};

}  // namespace dvpn::control
