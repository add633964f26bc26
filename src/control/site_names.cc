// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/site_names.h"

namespace dvpn::control {

void SiteNames::fill(const flow::SnapshotPtr& snapshot, std::vector<gateway::Stats>& gateways) {
  if (snapshot_ != snapshot) names_.clear();
  snapshot_ = snapshot;
  bool missing = false;
  for (const gateway::Stats& stats : gateways) missing = names_.try_emplace(stats.name).second || missing;
  if (missing) {
    for (const table::Route& route : snapshot->table.routes())
      for (const table::GatewaySpec& spec : route.gateways) {
        const auto found = names_.find(spec.to_string());
        if (found != names_.end() && found->second.empty()) found->second = *route.names.begin();
      }
  }
  for (gateway::Stats& stats : gateways) stats.site = names_[stats.name];
}

}  // namespace dvpn::control
