// SPDX-License-Identifier: GPL-2.0-or-later
// The keys of relay.yaml and what has to hold between them.
#include "config/relay_config.h"

#include <sys/un.h>

#include "base/text.h"
#include "config/report.h"
#include "config/section.h"
#include "config/values.h"
#include "config/yaml_tree.h"

namespace dvpn::config {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr milliseconds kTick{1};  // the shortest duration that is one

Value<std::string> account_or_any(std::string_view word) {
  if (word == "*") return std::string(word);
  return account_name(word);
}

Value<PortRange> port_range(std::string_view word) {
  const std::size_t dash = word.find('-');
  const auto first = port(word.substr(0, dash));
  if (!first) return std::unexpected(first.error());
  if (dash == std::string_view::npos) return PortRange{*first, *first};
  const auto last = port(word.substr(dash + 1));
  if (!last) return std::unexpected(last.error());
  if (*last < *first) return std::unexpected(text("'", word, "' ends before it begins"));
  return PortRange{*first, *last};
}

Value<Protocol> protocol(std::string_view word) {
  if (word == "tcp") return Protocol::kTcp;
  if (word == "udp") return Protocol::kUdp;
  if (word == "ping") return Protocol::kPing;
  return std::unexpected(text("'", word, "' is no protocol (tcp, udp, ping)"));
}

Value<Source> source(std::string_view word) {
  if (word == "gateway") return Source::kGateway;
  if (word == "client") return Source::kClient;
  return std::unexpected(text("'", word, "' is no source (gateway, client)"));
}

/// Which clients an account may speak for: nobody of this site.
void read_source(Section& entry, AccessRule& rule, const RelayConfig& config, Report& report) {
  entry.read("source", rule.source, source);
  entry.read_list("from", rule.from, Empty::kRefused, network);
  if (rule.source == Source::kClient) {
    entry.require("from");
  } else if (entry.has("from")) {
    report.error(entry.place("from"), "access.from: only with source: client");
  }
  for (const net::Prefix& prefix : rule.from)
    for (const net::Prefix& own : config.networks)
      if (prefix.overlaps(own))
        report.error(entry.place("from"),
                     text("access.from: ", prefix.to_string(), " overlaps ", own.to_string(), ", one of the site's own networks"));
}

void read_access(Section& root, RelayConfig& config, Report& report) {
  const YamlNode* list = root.list("access");
  if (!list) return;
  // With an empty list every account would reach everything, which is not what [] says.
  if (list->items.empty())
    report.error(list->place, "access: names nothing; without the key every account may reach networks");
  for (const YamlNode& item : list->items) {
    Section entry(item, "access", report);
    if (item.kind != YamlNode::Kind::kMap) continue;
    AccessRule rule;
    entry.require("account");
    entry.require("to");
    entry.read("account", rule.account, account_or_any);
    entry.read_list("to", rule.to, Empty::kRefused, reachable_network);
    entry.read_list("ports", rule.ports, Empty::kRefused, port_range);
    entry.read_list("protocols", rule.protocols, Empty::kRefused, protocol);
    if (!rule.ports.empty() && rule.protocols == std::vector{Protocol::kPing})
      report.error(entry.place("ports"), "access.ports: a ping has none");
    read_source(entry, rule, config, report);
    entry.finish();
    config.access.push_back(std::move(rule));
  }
}

void read_limits(Section& root, RelayConfig& config) {
  constexpr std::uint32_t kMost = 1'000'000;
  RelayConfig::Limits& out = config.limits;
  Section limits = root.section("limits");
  limits.read("flows", out.flows, number(1, kMost));
  limits.read("flows_per_account", out.flows_per_account, number(1, kMost));
  limits.read("spares_per_account", out.spares_per_account, number(1, kMost));
  limits.read("pipes", out.pipes, number(1, 65'536));
  limits.finish();
}

}  // namespace

RelayConfig parse_relay_config(const std::string& content, Diagnostics& diagnostics) {
  RelayConfig config;
  Report report(content, diagnostics);
  const auto document = parse_yaml(content, report);
  if (document) {
    Section root(*document, report);
    root.require("networks");
    root.read_list("networks", config.networks, Empty::kRefused, network);
    root.read("gaol", config.gaol, absolute_path);
    root.read("socket", config.socket, socket_path);
    root.read("user", config.user, account_name);
    root.read("group", config.group, account_name);
    root.read("connect_timeout", config.connect_timeout, duration(kTick, minutes(10)));
    root.read("request_timeout", config.request_timeout, duration(kTick, minutes(10)));
    root.read("spare_timeout", config.spare_timeout, duration(kTick, hours(24)));
    root.read("udp_timeout", config.udp_timeout, duration(kTick, hours(24)));
    read_access(root, config, report);
    read_limits(root, config);
    Section log = root.section("log");
    log.read("level", config.log_level, log_level);
    log.finish();
    root.finish();
    if (config.gaol.size() + config.socket.size() >= sizeof(sockaddr_un::sun_path))
      report.error(root.place("gaol"), text("gaol and socket together are longer than a socket's path can be (",
                                            sizeof(sockaddr_un::sun_path) - 1, " bytes)"));
  }
  diagnostics.sort();
  return config;
}

}  // namespace dvpn::config
