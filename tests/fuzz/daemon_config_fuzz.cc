// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes as dvpnd.yaml: parsing ends, nothing is thrown, and a configuration without errors keeps its promises.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/daemon_config.h"
#include "config/rules_dump.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);
  dvpn::Diagnostics diagnostics("dvpnd.yaml");
  const auto config = dvpn::config::parse_daemon_config(content, diagnostics);
  for (const char c : diagnostics.render()) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  if (diagnostics.has_errors()) return 0;
  require(!config.site.networks.empty() && !config.site.wan.empty() && !config.ssh.keys.empty());
  require(config.ssh.backoff_min <= config.ssh.backoff_max && config.ssh.keepalive.count() > 0);
  require(config.table.front() == '/' && config.intercept.port != 0 && config.rules.set.size() <= 24);
  for (const auto& forward : config.forwards) require(forward.listen.port != 0 && forward.to.port != 0);
  // What the rule installer reads has two words on each line, whatever the configuration says.
  std::size_t blanks = 0;
  std::size_t lines = 0;
  for (const char c : dvpn::config::dump_rules(config, {})) {
    blanks += c == ' ';
    lines += c == '\n';
  }
  require(blanks == lines);
  return 0;
}
