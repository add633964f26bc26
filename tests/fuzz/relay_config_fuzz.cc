// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes as relay.yaml: parsing ends, nothing is thrown, and a configuration without errors keeps its promises.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/relay_config.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);
  dvpn::Diagnostics diagnostics("relay.yaml");
  const auto config = dvpn::config::parse_relay_config(content, diagnostics);
  for (const char c : diagnostics.render()) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  if (diagnostics.has_errors()) return 0;
  require(!config.networks.empty() && !config.user.empty() && !config.group.empty());
  require(config.gaol.size() + config.socket.size() < 108 && config.limits.pipes > 0);
  for (const auto& rule : config.access) {
    require(!rule.account.empty() && !rule.to.empty());
    for (const auto& prefix : rule.to) require(prefix.length() > 0);
    for (const auto& ports : rule.ports) require(ports.first > 0 && ports.first <= ports.last);
  }
  return 0;
}
