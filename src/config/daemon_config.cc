// SPDX-License-Identifier: GPL-2.0-or-later
// The keys of dvpnd.yaml and what has to hold between them.
#include "config/daemon_config.h"

#include <algorithm>

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

void read_site(Section& root, DaemonConfig& config, Report& report) {
  root.require("site");
  Section site = root.section("site");
  if (root.has("site")) {
    site.require("networks");
    site.require("wan");
  }
  site.read_list("networks", config.site.networks, Empty::kRefused, network);
  site.read_list("lan", config.site.lan, Empty::kAllowed, interface_name);
  site.read_list("wan", config.site.wan, Empty::kRefused, interface_name);
  site.read("name", config.site.name, site_name);
  site.read_list("gateways", config.site.gateways, Empty::kAllowed, gateway_word);
  for (const std::string& name : config.site.lan)
    if (std::ranges::find(config.site.wan, name) != config.site.wan.end())
      report.error(site.place("lan"), text("site.lan: ", name, " is in site.wan as well"));
  site.finish();
}

void read_ssh(Section& root, DaemonConfig& config, Report& report) {
  DaemonConfig::Ssh& out = config.ssh;
  Section ssh = root.section("ssh");
  ssh.read_list("keys", out.keys, Empty::kRefused, absolute_path);
  ssh.read("known_hosts", out.known_hosts, absolute_path);
  ssh.read("ciphers", out.ciphers, cipher_list);
  ssh.read("relay_socket", out.relay_socket, socket_path);
  ssh.read("connect_timeout", out.connect_timeout, duration(kTick, minutes(10)));
  ssh.read("keepalive", out.keepalive, duration(kTick, hours(24)));
  ssh.read("keepalive_misses", out.keepalive_misses, number(1, 100));
  ssh.read("idle_timeout", out.idle_timeout, duration(kTick, hours(24)));
  ssh.read("backoff_min", out.backoff_min, duration(kTick, hours(1)));
  ssh.read("backoff_max", out.backoff_max, duration(kTick, hours(24)));
  ssh.read("settle_time", out.settle_time, duration(kTick, hours(24)));
  ssh.read("channels_per_session", out.channels_per_session, number(1, 1024));
  ssh.read("sessions_per_gateway", out.sessions_per_gateway, number(1, 1024));
  ssh.read("handshakes_per_gateway", out.handshakes_per_gateway, number(1, 100));
  if (out.backoff_max < out.backoff_min)
    report.error(ssh.place(ssh.has("backoff_max") ? "backoff_max" : "backoff_min"),
                 "ssh.backoff_max is shorter than ssh.backoff_min");
  ssh.finish();
}

/// Two listeners that bind(2) would not let live side by side.
bool clash(const net::Endpoint& a, const net::Endpoint& b) {
  if (a.port != b.port || a.address.family() != b.address.family()) return false;
  return a.address == b.address || a.address.is_unspecified() || b.address.is_unspecified();
}

bool is_host(const net::Address& address) {
  return !address.is_unspecified() && !address.is_loopback() && !address.is_link_local() &&
         !address.is_multicast() && !address.is_broadcast();
}

void check_forward(const Forward& forward, const Section& entry, const DaemonConfig& config, Report& report) {
  const net::Address& listen = forward.listen.address;
  if (listen.is_multicast() || listen.is_broadcast())
    report.error(entry.place("listen"), text("forwards: nothing can listen on ", listen.to_string()));
  if (!is_host(forward.to.address))
    report.error(entry.place("to"), text("forwards: ", forward.to.address.to_string(), " is no host of another site"));
  if (forward.listen.port == config.intercept.port)
    report.error(entry.place("listen"),
                 text("forwards: port ", forward.listen.port, " is intercept.port, which listens on every address"));
  for (const Forward& other : config.forwards)
    if (clash(forward.listen, other.listen))
      report.error(entry.place("listen"), text("forwards: ", forward.listen.to_string(), " is taken by the forward on ",
                                               other.listen.to_string()));
  for (const net::Prefix& own : config.site.networks)
    if (own.contains(forward.to.address))
      report.warning(entry.place("to"), text("forwards: ", forward.to.address.to_string(), " is in this site's own ",
                                             own.to_string(), "; nothing carries it"));
}

void read_forwards(Section& root, DaemonConfig& config, Report& report) {
  const YamlNode* list = root.list("forwards");
  if (!list) return;
  for (const YamlNode& item : list->items) {
    Section entry(item, "forwards", report);
    if (item.kind != YamlNode::Kind::kMap) continue;
    Forward forward;
    entry.require("listen");
    entry.require("to");
    entry.read("listen", forward.listen, endpoint);
    entry.read("to", forward.to, endpoint);
    entry.finish();
    if (forward.listen.port == 0 || forward.to.port == 0) continue;  // reported already
    check_forward(forward, entry, config, report);
    config.forwards.push_back(forward);
  }
}

Value<Gate> gate(std::string_view word) {
  if (word == "hold") return Gate::kHold;
  if (word == "accept-first") return Gate::kAcceptFirst;
  return std::unexpected(text("'", word, "' is neither hold nor accept-first"));
}

Value<Role> role(std::string_view word) {
  if (word == "router") return Role::kRouter;
  if (word == "leaf") return Role::kLeaf;
  return std::unexpected(text("'", word, "' is neither router nor leaf"));
}

void read_intercept(Section& root, DaemonConfig& config, Report& report) {
  Section intercept = root.section("intercept");
  intercept.read("port", config.intercept.port, port);
  intercept.read("gate", config.intercept.gate, gate);
  intercept.read("queue", config.intercept.queue, queue_number);
  intercept.read("datagram_queue", config.intercept.datagram_queue, queue_number);
  intercept.read("ping_queue", config.intercept.ping_queue, queue_number);
  const auto differ = [&](const char* one, std::uint16_t its_number, const char* other, std::uint16_t other_number) {
    if (its_number == other_number)
      report.error(intercept.place(intercept.has(other) ? other : one), text("intercept: ", one, " and ", other, " are the same"));
  };
  differ("queue", config.intercept.queue, "datagram_queue", config.intercept.datagram_queue);
  differ("queue", config.intercept.queue, "ping_queue", config.intercept.ping_queue);
  differ("datagram_queue", config.intercept.datagram_queue, "ping_queue", config.intercept.ping_queue);
  intercept.finish();
}

void read_udp(Section& root, DaemonConfig& config) {
  Section udp = root.section("udp");
  udp.read("carry", config.udp.carry, boolean);
  udp.read("idle_timeout", config.udp.idle_timeout, duration(kTick, minutes(60)));
  udp.read("dns_idle_timeout", config.udp.dns_idle_timeout, duration(kTick, minutes(60)));
  udp.finish();
}

void read_ping(Section& root, DaemonConfig& config) {
  Section ping = root.section("ping");
  ping.read("carry", config.ping.carry, boolean);
  ping.read("payload", config.ping.payload, size(1u << 10, 64u << 10));
  ping.finish();
}

void read_rules(Section& root, DaemonConfig& config, Report& report) {
  constexpr std::size_t kMostPorts = 15;  // iptables-extensions(8), multiport
  DaemonConfig::Rules& out = config.rules;
  Section rules = root.section("rules");
  rules.read_list("sshd_ports", out.sshd_ports, Empty::kRefused, port);
  rules.read("role", out.role, role);
  rules.read("masquerade", out.masquerade, boolean);
  rules.read("reject_smb", out.reject_smb, boolean);
  rules.read("set", out.set, set_name);
  rules.read("update_sets", out.update_sets, boolean);
  rules.read("mark", out.mark, mark_bits);
  rules.read("relay_account", out.relay_account, account_name);
  rules.read("peers_group", out.peers_group, account_name);
  const Place& ports = rules.place("sshd_ports");
  if (out.sshd_ports.size() > kMostPorts)
    report.error(ports, text("rules.sshd_ports: more than ", kMostPorts, " ports"));
  if (std::ranges::find(out.sshd_ports, config.intercept.port) != out.sshd_ports.end())
    report.error(ports, text("rules.sshd_ports: ", config.intercept.port, " is intercept.port"));
  if (out.role == Role::kLeaf && !config.site.lan.empty())
    report.error(rules.place("role"), "rules.role: a leaf carries its own traffic alone; empty site.lan or be a router");
  rules.finish();
}

void read_limits(Section& root, DaemonConfig& config) {
  constexpr std::uint64_t kMiB = 1u << 20;
  constexpr std::uint32_t kMostHeld = 60'000;  // the kernel's queue takes 65,536
  DaemonConfig::Limits& out = config.limits;
  Section limits = root.section("limits");
  limits.read("flows", out.flows, number(1, 1'000'000));
  limits.read("flows_per_client", out.flows_per_client, number(1, 1'000'000));
  limits.read("flow_buffer", out.flow_buffer, size(kMiB / 16, 1024 * kMiB));
  limits.read("buffers", out.buffers, size(0, 1024 * 1024 * kMiB));
  limits.read("open_timeout", out.open_timeout, duration(kTick, minutes(10)));
  limits.read("held", out.held, number(1, kMostHeld));
  limits.read("held_per_client", out.held_per_client, number(1, kMostHeld));
  limits.read("new_per_client", out.new_per_client, number(0, 100'000));
  limits.read("udp_flows", out.udp_flows, number(1, 1'000'000));
  limits.read("udp_flows_per_client", out.udp_flows_per_client, number(1, 1'000'000));
  limits.read("ping_flows", out.ping_flows, number(1, 1'000'000));
  limits.read("ping_flows_per_client", out.ping_flows_per_client, number(1, 1'000'000));
  limits.finish();
}

void read_http(Section& section, std::string_view name, Http& out, const DaemonConfig& config, Report& report) {
  section.read("listen", out.listen, http_listen);
  section.read("remote", out.remote, boolean);
  section.read_list("hosts", out.hosts, Empty::kAllowed, host_name);
  const Place& place = section.place("listen");
  if (!out.listen.path.empty() && out.listen.path == config.control.socket) report.error(place, text(name, ".listen: that is control.socket"));
  if (!out.listen.endpoint) return;
  const net::Endpoint& endpoint = *out.listen.endpoint;
  if (endpoint.address.is_multicast() || endpoint.address.is_broadcast())
    report.error(place, text(name, ".listen: nothing can listen on ", endpoint.address.to_string()));
  else if (!endpoint.address.is_loopback() && !out.remote)
    report.error(place, text(name, ".listen: other machines can reach ", endpoint.to_string(), "; listen on 127.0.0.1 or [::1], or set ", name, ".remote: true"));
  if (endpoint.port == config.intercept.port)
    report.error(place, text(name, ".listen: port ", endpoint.port, " is intercept.port, which listens on every address"));
  for (const Forward& forward : config.forwards)
    if (clash(endpoint, forward.listen))
      report.error(place, text(name, ".listen: ", endpoint.to_string(), " is taken by the forward on ", forward.listen.to_string()));
}

void read_watching(Section& root, DaemonConfig& config, Report& report) {
  Section metrics = root.section("metrics");
  read_http(metrics, "metrics", config.metrics, config, report);
  metrics.read("gateways", config.metrics.gateways, number(0, 10'000));
  metrics.finish();
  Section web = root.section("web");
  read_http(web, "web", config.web, config, report);
  const HttpListen &one = config.metrics.listen, &other = config.web.listen;
  const bool same = one.endpoint && other.endpoint ? clash(*one.endpoint, *other.endpoint) : one == other;
  if (same && !one.off()) report.error(web.place("listen"), text("web.listen: ", other.to_string(), " is taken by metrics.listen"));
  web.finish();
}

void read_small_sections(Section& root, DaemonConfig& config) {
  Section control = root.section("control");
  control.read("socket", config.control.socket, socket_path);
  control.read("group", config.control.group, account_name_or_empty);
  control.finish();

  Section daemon = root.section("daemon");
  daemon.read("user", config.daemon.user, account_name_or_empty);
  daemon.read("workers", config.daemon.workers, number(0, 64));
  daemon.read("drain", config.daemon.drain, duration(milliseconds(0), hours(1)));
  daemon.finish();

  Section log = root.section("log");
  log.read("level", config.log.level, log_level);
  log.read("recent", config.log.recent, number(0, 100'000));
  log.finish();
}

}  // namespace

DaemonConfig parse_daemon_config(const std::string& content, Diagnostics& diagnostics) {
  DaemonConfig config;
  Report report(content, diagnostics);
  const auto document = parse_yaml(content, report);
  if (document) {
    Section root(*document, report);
    read_site(root, config, report);
    root.read("table", config.table, absolute_path);
    root.read("names", config.names, absolute_path);
    read_ssh(root, config, report);
    read_intercept(root, config, report);
    read_udp(root, config);
    read_ping(root, config);
    read_forwards(root, config, report);
    read_rules(root, config, report);
    read_small_sections(root, config);
    read_watching(root, config, report);
    read_limits(root, config);
    root.finish();
  }
  diagnostics.sort();
  return config;
}

}  // namespace dvpn::config
