// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/rules_dump.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "base/text.h"

namespace dvpn::config {

namespace {

constexpr unsigned kVersion = 1;  // of the format; the rule installer refuses another one

std::string_view yes_no(bool value) { return value ? "yes" : "no"; }

std::string hexadecimal(std::uint32_t value) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "0x%08x", value);
  return buffer;
}

}  // namespace

std::vector<net::Prefix> set_prefixes(const DaemonConfig& config, std::vector<net::Prefix> table_prefixes) {
  std::erase_if(table_prefixes, [&](const net::Prefix& prefix) {
    return std::ranges::any_of(config.site.networks, [&](const net::Prefix& own) { return own.contains(prefix); });
  });
  std::ranges::sort(table_prefixes);
  const auto repeated = std::ranges::unique(table_prefixes);
  table_prefixes.erase(repeated.begin(), repeated.end());
  return table_prefixes;
}

std::string dump_rules(const DaemonConfig& config, std::vector<net::Prefix> table_prefixes) {
  const auto& rules = config.rules;
  std::string out;
  const auto line = [&](std::string_view key, const auto& value) { out += text(key, ' ', value, '\n'); };
  line("dvpn-rules", kVersion);
  line("role", std::string_view(rules.role == Role::kRouter ? "router" : "leaf"));
  line("port", config.intercept.port);
  line("gate", std::string_view(config.intercept.gate == Gate::kHold ? "hold" : "accept-first"));
  line("queue", config.intercept.queue);
  line("datagram-queue", config.intercept.datagram_queue);
  line("ping-queue", config.intercept.ping_queue);
  line("new-per-client", config.limits.new_per_client);
  line("mark", hexadecimal(rules.mark));
  line("set", rules.set);
  for (const std::string& name : config.site.lan) line("lan", name);
  for (const std::string& name : config.site.wan) line("wan", name);
  for (const net::Port port : rules.sshd_ports) line("sshd-port", port);
  line("masquerade", yes_no(rules.masquerade));
  line("reject-smb", yes_no(rules.reject_smb));
  line("daemon-account", config.daemon.user.empty() ? std::string("-") : config.daemon.user);
  line("relay-account", rules.relay_account);
  line("peers-group", rules.peers_group);
  for (const net::Prefix& network : config.site.networks) line("network", network.to_string());
  for (const net::Prefix& prefix : set_prefixes(config, std::move(table_prefixes))) line("prefix", prefix.to_string());
  return out;
}

}  // namespace dvpn::config
