// SPDX-License-Identifier: GPL-2.0-or-later
// dvpnd.yaml: what is read, and the whole text of what is said about each kind of mistake.
#include "config/daemon_config.h"

#include <gtest/gtest.h>

#include <string>

namespace dvpn::config {
namespace {

using std::chrono::milliseconds;

const std::string kSite = "site: {networks: [10.0.31.0/24], wan: [wan0]}\n";

/// Everything that is said about `content`.
std::string said(const std::string& content) {
  Diagnostics diagnostics("dvpnd.yaml");
  (void)parse_daemon_config(content, diagnostics);
  return diagnostics.render();
}

TEST(DaemonConfig, TheLeastThatIsNeededGivesTheDefaults) {
  Diagnostics diagnostics("dvpnd.yaml");
  const DaemonConfig config = parse_daemon_config(kSite, diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  EXPECT_EQ(config.site.networks, std::vector{*net::Prefix::parse("10.0.31.0/24")});
  EXPECT_TRUE(config.site.lan.empty());
  EXPECT_EQ(config.table, "/etc/dvpn/hosts");
  EXPECT_EQ(config.ssh.keepalive, milliseconds(15'000));
  EXPECT_EQ(config.intercept.port, 9040);
  EXPECT_EQ(config.intercept.gate, Gate::kHold);
  EXPECT_EQ(config.rules.mark, 0x0f000000u);
  EXPECT_EQ(config.log.level, LogLevel::kInfo);
}

TEST(DaemonConfig, ReadsEveryKey) {
  Diagnostics diagnostics("dvpnd.yaml");
  const DaemonConfig config = parse_daemon_config(R"(site:
  networks: [10.0.31.0/24, "fd00:31::/64"]
  lan: [lan0, lan1.7]
  wan: [wan0]
  name: monday.example
  gateways: [203.0.113.1, "[2001:db8::1]:2222", gw.example:22]
table: /etc/hosts
names: /run/names
ssh:
  keys: [/k/one, /k/two]
  known_hosts: /k/known
  ciphers: aes256-gcm@openssh.com
  relay_socket: /run/other.sock
  connect_timeout: 3s
  keepalive: 200ms
  keepalive_misses: 5
  idle_timeout: 1h
  backoff_min: 100ms
  backoff_max: 2m
  settle_time: 20s
  channels_per_session: 8
  sessions_per_gateway: 4
  handshakes_per_gateway: 2
intercept:
  port: 9041
  gate: accept-first
  queue: 0
  datagram_queue: 1
  ping_queue: 2
forwards:
  - {listen: 127.0.0.1:25, to: 10.0.32.5:26}
  - {listen: "[::1]:25", to: "[fd00:32::5]:26"}
rules:
  sshd_ports: [22, 2222]
  role: router
  masquerade: true
  reject_smb: true
  set: site-a
  update_sets: false
  mark: 0xf0
  relay_account: relay-a
  peers_group: peers-a
control:
  socket: /run/a.sock
  group: admins
daemon:
  user: ""
  workers: 3
  drain: 0
limits:
  flows: 7
  flows_per_client: 6
  flow_buffer: 1MiB
  buffers: 2GiB
  open_timeout: 5s
  held: 60
  held_per_client: 6
  new_per_client: 90
  udp_flows: 50
  udp_flows_per_client: 5
  ping_flows: 40
  ping_flows_per_client: 4
udp:
  carry: false
  idle_timeout: 30s
  dns_idle_timeout: 500ms
ping:
  carry: false
  payload: 8KiB
metrics:
  listen: /run/dvpn/metrics.sock
  gateways: 5
web:
  listen: 192.0.2.1:9470
  remote: true
  hosts: [GW.example, gw]
log:
  level: debug
  recent: 5
)",
                                                  diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  EXPECT_EQ(config.site.name, "monday.example");
  EXPECT_EQ(config.site.gateways, (std::vector<std::string>{"203.0.113.1", "[2001:db8::1]:2222", "gw.example:22"}));
  EXPECT_EQ(config.site.networks.size(), 2u);
  EXPECT_EQ(config.site.lan, (std::vector<std::string>{"lan0", "lan1.7"}));
  EXPECT_EQ(config.site.wan, std::vector<std::string>{"wan0"});
  EXPECT_EQ(config.table, "/etc/hosts");
  EXPECT_EQ(config.names, "/run/names");
  EXPECT_EQ(config.ssh.keys, (std::vector<std::string>{"/k/one", "/k/two"}));
  EXPECT_EQ(config.ssh.known_hosts, "/k/known");
  EXPECT_EQ(config.ssh.ciphers, "aes256-gcm@openssh.com");
  EXPECT_EQ(config.ssh.relay_socket, "/run/other.sock");
  EXPECT_EQ(config.ssh.connect_timeout, milliseconds(3000));
  EXPECT_EQ(config.ssh.keepalive, milliseconds(200));
  EXPECT_EQ(config.ssh.keepalive_misses, 5u);
  EXPECT_EQ(config.ssh.idle_timeout, milliseconds(3'600'000));
  EXPECT_EQ(config.ssh.backoff_min, milliseconds(100));
  EXPECT_EQ(config.ssh.backoff_max, milliseconds(120'000));
  EXPECT_EQ(config.ssh.settle_time, milliseconds(20'000));
  EXPECT_EQ(config.ssh.channels_per_session, 8u);
  EXPECT_EQ(config.ssh.sessions_per_gateway, 4u);
  EXPECT_EQ(config.ssh.handshakes_per_gateway, 2u);
  EXPECT_EQ(config.intercept.port, 9041);
  EXPECT_EQ(config.intercept.gate, Gate::kAcceptFirst);
  EXPECT_EQ(config.intercept.queue, 0);
  EXPECT_EQ(config.intercept.datagram_queue, 1);
  EXPECT_EQ(config.intercept.ping_queue, 2);
  ASSERT_EQ(config.forwards.size(), 2u);
  EXPECT_EQ(config.forwards[0].listen.to_string(), "127.0.0.1:25");
  EXPECT_EQ(config.forwards[1].to.to_string(), "[fd00:32::5]:26");
  EXPECT_EQ(config.rules.sshd_ports, (std::vector<net::Port>{22, 2222}));
  EXPECT_EQ(config.rules.role, Role::kRouter);
  EXPECT_TRUE(config.rules.masquerade);
  EXPECT_TRUE(config.rules.reject_smb);
  EXPECT_EQ(config.rules.set, "site-a");
  EXPECT_FALSE(config.rules.update_sets);
  EXPECT_EQ(config.rules.mark, 0xf0u);
  EXPECT_EQ(config.rules.relay_account, "relay-a");
  EXPECT_EQ(config.rules.peers_group, "peers-a");
  EXPECT_EQ(config.control.socket, "/run/a.sock");
  EXPECT_EQ(config.control.group, "admins");
  EXPECT_EQ(config.daemon.user, "");
  EXPECT_EQ(config.daemon.workers, 3u);
  EXPECT_EQ(config.daemon.drain, milliseconds(0));
  EXPECT_EQ(config.limits.flows, 7u);
  EXPECT_EQ(config.limits.flows_per_client, 6u);
  EXPECT_EQ(config.limits.flow_buffer, 1u << 20);
  EXPECT_EQ(config.limits.buffers, std::uint64_t{2} << 30);
  EXPECT_EQ(config.limits.open_timeout, milliseconds(5000));
  EXPECT_EQ(config.limits.held, 60u);
  EXPECT_EQ(config.limits.held_per_client, 6u);
  EXPECT_EQ(config.limits.new_per_client, 90u);
  EXPECT_EQ(config.limits.udp_flows, 50u);
  EXPECT_EQ(config.limits.udp_flows_per_client, 5u);
  EXPECT_EQ(config.limits.ping_flows, 40u);
  EXPECT_EQ(config.limits.ping_flows_per_client, 4u);
  EXPECT_FALSE(config.udp.carry);
  EXPECT_EQ(config.udp.idle_timeout, milliseconds(30'000));
  EXPECT_EQ(config.udp.dns_idle_timeout, milliseconds(500));
  EXPECT_FALSE(config.ping.carry);
  EXPECT_EQ(config.ping.payload, 8192u);
  EXPECT_EQ(config.metrics.listen.path, "/run/dvpn/metrics.sock");
  EXPECT_EQ(config.metrics.gateways, 5u);
  EXPECT_EQ(config.web.listen.to_string(), "192.0.2.1:9470");
  EXPECT_TRUE(config.web.remote);
  EXPECT_EQ(config.web.hosts, (std::vector<std::string>{"gw.example", "gw"}));
  EXPECT_EQ(config.log.level, LogLevel::kDebug);
  EXPECT_EQ(config.log.recent, 5u);
}

TEST(DaemonConfig, HttpIsOffUnlessItIsAskedForAndOnLoopbackUnlessItIsToldOtherwise) {
  Diagnostics diagnostics("dvpnd.yaml");
  const DaemonConfig config = parse_daemon_config(kSite, diagnostics);
  EXPECT_TRUE(config.metrics.listen.off());
  EXPECT_TRUE(config.web.listen.off());
  const std::pair<std::string, std::string> cases[] = {
      {"web: {listen: 0.0.0.0:9470}", "web.listen: other machines can reach 0.0.0.0:9470; listen on 127.0.0.1 or [::1], or set web.remote: true"},
      {"metrics: {listen: \"[2001:db8::1]:1\"}",
       "metrics.listen: other machines can reach [2001:db8::1]:1; listen on 127.0.0.1 or [::1], or set metrics.remote: true"},
      {"web: {listen: 9470}", "web.listen: '9470' is neither ADDRESS:PORT like 127.0.0.1:9470 nor the path of a unix socket"},
      {"web: {listen: localhost:9470}", "web.listen: 'localhost:9470' is neither ADDRESS:PORT like 127.0.0.1:9470 nor the path of a unix socket"},
      {"web: {listen: 127.0.0.1:9040}", "web.listen: port 9040 is intercept.port, which listens on every address"},
      {"web: {listen: 224.0.0.1:9470, remote: true}", "web.listen: nothing can listen on 224.0.0.1"},
      {"web: {listen: /run/dvpn/control.sock}", "web.listen: that is control.socket"},
      {"web: {hosts: [a/b]}", "web.hosts: 'a/b' is no host name"},
      {"metrics: {listen: 127.0.0.1:1}\nweb: {listen: 127.0.0.1:1}", "web.listen: 127.0.0.1:1 is taken by metrics.listen"},
      {"forwards: [{listen: 127.0.0.1:25, to: 10.0.32.5:25}]\nweb: {listen: 127.0.0.1:25}", "web.listen: 127.0.0.1:25 is taken by the forward on 127.0.0.1:25"},
      {"metrics: {gateways: 10001}", "metrics.gateways: 10001 is out of range (0..10000)"},
  };
  for (const auto& [lines, message] : cases) EXPECT_NE(said(kSite + lines + "\n").find("error: " + message + "\n"), std::string::npos) << said(kSite + lines + "\n");
  for (const char* good : {"web: {listen: \"[::1]:9470\"}", "web: {listen: 127.0.0.2:9470}", "metrics: {listen: /run/dvpn/m}", "web: {listen: \"\"}"})
    EXPECT_EQ(said(kSite + good + "\n"), "") << good;
}

TEST(DaemonConfig, WhatOtherSitesAreToldIsHeldToWords) {
  const auto with = [](const std::string& key) { return said("site: {networks: [10.0.31.0/24], wan: [wan0], " + key + "}\n"); };
  for (const char* good : {"name: a", "name: a-b.c_d", "gateways: []", "gateways: [a.b]"}) EXPECT_EQ(with(good), "") << good;
  for (const char* bad : {"name: 'a b'", "name: 10.0.0.1", "name: -a", "name: a.", "name: ''", "name: a#b", "gateways: ['a b']", "gateways: ['a#!b']", "gateways: [a, a]"})
    EXPECT_NE(with(bad), "") << bad;
}

TEST(DaemonConfig, SaysWhatIsMissing) {
  EXPECT_EQ(said(""), "dvpnd.yaml: error: site is missing\n");
  EXPECT_EQ(said("site:\n  lan: [lan0]\n"),
            "dvpnd.yaml:1:1: error: site.networks is missing\n"
            "  site:\n"
            "  ^~~~\n"
            "dvpnd.yaml:1:1: error: site.wan is missing\n"
            "  site:\n"
            "  ^~~~\n");
}

TEST(DaemonConfig, CollectsMistakesAndShowsTheirPlaces) {
  EXPECT_EQ(said("site:\n"
                 "  netwroks: [10.0.31.0/24]\n"
                 "  networks: [10.0.31.1/24, 127.0.0.0/8, 0.0.0.0/0, 10.0.31.0, fe80::/10, 10.0.0.0/33, x]\n"
                 "  lan: [wan0, eth+, a-name-that-is-too-long, \"a b\", a/b, lo]\n"
                 "  wan: [wan0, wan0]\n"
                 "tabel: /etc/hosts\n"),
            "dvpnd.yaml:2:3: error: unknown key 'netwroks' in site; did you mean 'networks'?\n"
            "    netwroks: [10.0.31.0/24]\n"
            "    ^~~~~~~~\n"
            "dvpnd.yaml:3:14: error: site.networks: 10.0.31.1/24 has bits set beyond its length; the block is "
            "10.0.31.0/24\n"
            "    networks: [10.0.31.1/24, 127.0.0.0/8, 0.0.0.0/0, 10.0.31.0, fe80::/10, 10.0.0.0/33, x]\n"
            "               ^~~~~~~~~~~~\n"
            "dvpnd.yaml:3:28: error: site.networks: 127.0.0.0/8 cannot be used: it covers loopback addresses\n"
            "    networks: [10.0.31.1/24, 127.0.0.0/8, 0.0.0.0/0, 10.0.31.0, fe80::/10, 10.0.0.0/33, x]\n"
            "                             ^~~~~~~~~~~\n"
            "dvpnd.yaml:3:41: error: site.networks: 0.0.0.0/0 cannot be used: it covers every address\n"
            "    networks: [10.0.31.1/24, 127.0.0.0/8, 0.0.0.0/0, 10.0.31.0, fe80::/10, 10.0.0.0/33, x]\n"
            "                                          ^~~~~~~~~\n"
            "dvpnd.yaml:3:52: error: site.networks: '10.0.31.0' has no length: one address alone is 10.0.31.0/32\n"
            "    networks: [10.0.31.1/24, 127.0.0.0/8, 0.0.0.0/0, 10.0.31.0, fe80::/10, 10.0.0.0/33, x]\n"
            "                                                     ^~~~~~~~~\n"
            "dvpnd.yaml:3:63: error: site.networks: fe80::/10 cannot be used: it covers link-local addresses\n"
            "    networks: [10.0.31.1/24, 127.0.0.0/8, 0.0.0.0/0, 10.0.31.0, fe80::/10, 10.0.0.0/33, x]\n"
            "                                                                ^~~~~~~~~\n"
            "dvpnd.yaml:3:74: error: site.networks: prefix length '33' is no number from 1 to 32\n"
            "    networks: [10.0.31.1/24, 127.0.0.0/8, 0.0.0.0/0, 10.0.31.0, fe80::/10, 10.0.0.0/33, x]\n"
            "                                                                           ^~~~~~~~~~~\n"
            "dvpnd.yaml:3:87: error: site.networks: 'x' is no address block like 10.0.32.0/24 or fd00:32::/64\n"
            "    networks: [10.0.31.1/24, 127.0.0.0/8, 0.0.0.0/0, 10.0.31.0, fe80::/10, 10.0.0.0/33, x]\n"
            "                                                                                        ^\n"
            "dvpnd.yaml:4:3: error: site.lan: wan0 is in site.wan as well\n"
            "    lan: [wan0, eth+, a-name-that-is-too-long, \"a b\", a/b, lo]\n"
            "    ^~~\n"
            "dvpnd.yaml:4:15: error: site.lan: 'eth+' is a wildcard; name each interface\n"
            "    lan: [wan0, eth+, a-name-that-is-too-long, \"a b\", a/b, lo]\n"
            "                ^~~~\n"
            "dvpnd.yaml:4:21: error: site.lan: 'a-name-that-is-too-long' is too long for an interface name (15 bytes "
            "at most)\n"
            "    lan: [wan0, eth+, a-name-that-is-too-long, \"a b\", a/b, lo]\n"
            "                      ^~~~~~~~~~~~~~~~~~~~~~~\n"
            "dvpnd.yaml:4:46: error: site.lan: 'a b' is no interface name\n"
            "    lan: [wan0, eth+, a-name-that-is-too-long, \"a b\", a/b, lo]\n"
            "                                               ^~~~~\n"
            "dvpnd.yaml:4:53: error: site.lan: 'a/b' is no interface name\n"
            "    lan: [wan0, eth+, a-name-that-is-too-long, \"a b\", a/b, lo]\n"
            "                                                      ^~~\n"
            "dvpnd.yaml:4:58: error: site.lan: lo is the loopback interface\n"
            "    lan: [wan0, eth+, a-name-that-is-too-long, \"a b\", a/b, lo]\n"
            "                                                           ^~\n"
            "dvpnd.yaml:5:15: error: site.wan: wan0 is listed twice\n"
            "    wan: [wan0, wan0]\n"
            "                ^~~~\n"
            "dvpnd.yaml:6:1: error: unknown key 'tabel'; did you mean 'table'?\n"
            "  tabel: /etc/hosts\n"
            "  ^~~~~\n");
}

struct Mistake {
  std::string line;
  std::string message;  ///< with its column in front: "6: table: …"
  std::size_t marked;   ///< bytes
};

/// Each line stands alone as line 2 of a file that is otherwise in order.
void expect_said(const Mistake& mistake) {
  const std::size_t colon = mistake.message.find(':');
  const std::size_t column = std::stoul(mistake.message.substr(0, colon));
  std::string expected = "dvpnd.yaml:2:" + std::to_string(column) + ": error" + mistake.message.substr(colon) + '\n';
  expected += "  " + mistake.line + "\n  " + std::string(column - 1, ' ') + '^' + std::string(mistake.marked - 1, '~') + '\n';
  EXPECT_EQ(said(kSite + mistake.line + '\n'), expected);
}

TEST(DaemonConfig, RefusesWrongValues) {
  for (const Mistake& mistake : std::vector<Mistake>{
           {"table: etc/hosts", "8: table: 'etc/hosts' has to be an absolute path", 9},
           {"table: /etc/dvpn/", "8: table: '/etc/dvpn/' names a directory", 10},
           {"table:", "1: table: has no value", 5},
           {"table: [/a]", "8: table: has to be a single value", 1},
           {"ssh: {keys: []}", "13: ssh.keys: at least one is needed", 1},
           {"ssh: {keys: /k}", "13: ssh.keys: has to be a list: [/k]", 2},
           {"ssh: {keys: }", "7: ssh.keys: has no value; an empty list is []", 4},
           {"ssh: {keys: [[/k]]}", "14: ssh.keys: has to be a single value", 1},
           {"ssh: /k", "6: ssh: has to be a mapping, with its own keys below it", 2},
           {"ssh: {ciphers: 'a,,b'}", "16: ssh.ciphers: 'a,,b' is no list of ciphers: NAME,NAME", 6},
           {"ssh: {keepalive: 0}", "18: ssh.keepalive: 0 is out of range (1ms..24h)", 1},
           {"ssh: {keepalive: 15}", "18: ssh.keepalive: '15' is no duration: a whole number and ms, s, m or h", 2},
           {"ssh: {keepalive: 15 s}", "18: ssh.keepalive: '15 s' is no duration: a whole number and ms, s, m or h", 4},
           {"ssh: {keepalive_misses: 0}", "25: ssh.keepalive_misses: 0 is out of range (1..100)", 1},
           {"ssh: {keepalive_misses: 0x3}", "25: ssh.keepalive_misses: '0x3' is no whole number", 3},
           {"ssh: {backoff_min: 2m}", "20: ssh.backoff_max is shorter than ssh.backoff_min", 2},
           {"ssh: {backoff_max: 20ms}", "20: ssh.backoff_max is shorter than ssh.backoff_min", 4},
           {"intercept: {port: 70000}", "19: intercept.port: port 70000 is out of range (1..65535)", 5},
           {"intercept: {port: -1}", "19: intercept.port: '-1' is no port number", 2},
           {"intercept: {gate: open}", "19: intercept.gate: 'open' is neither hold nor accept-first", 4},
           {"intercept: {queue: 9041}", "20: intercept: queue and datagram_queue are the same", 4},
           {"intercept: {queue: 9042}", "20: intercept: queue and ping_queue are the same", 4},
           {"intercept: {ping_queue: 9041}", "25: intercept: datagram_queue and ping_queue are the same", 4},
           {"ping: {payload: 1MiB}", "17: ping.payload: 1MiB is out of range (1KiB..64KiB)", 4},
           {"udp: {idle_timeout: 2h}", "21: udp.idle_timeout: 2h is out of range (1ms..1h)", 2},
           {"intercept: {queue: 65536}", "20: intercept.queue: 65536 is out of range (0..65535)", 5},
           {"forwards: [{listen: 127.0.0.1, to: 10.0.32.5:25}]",
            "21: forwards.listen: '127.0.0.1' is no ADDRESS:PORT like 10.0.32.5:25 or [fd00:32::5]:25", 9},
           {"forwards: [{listen: 127.0.0.1:25}]", "12: forwards.to is missing", 1},
           {"forwards: [127.0.0.1:25]", "12: forwards: has to be a mapping, {KEY: VALUE, …}", 12},
           {"forwards: [{listen: 127.0.0.1:9040, to: 10.0.32.5:25}]",
            "21: forwards: port 9040 is intercept.port, which listens on every address", 14},
           {"forwards: [{listen: 127.0.0.1:25, to: 127.0.0.1:25}]",
            "39: forwards: 127.0.0.1 is no host of another site", 12},
           {"forwards: [{listen: 0.0.0.0:25, to: 10.0.32.5:25}, {listen: 127.0.0.1:25, to: 10.0.32.6:25}]",
            "61: forwards: 127.0.0.1:25 is taken by the forward on 0.0.0.0:25", 12},
           {"forwards: [{listen: 127.0.0.1:25, to: 10.0.32.5:25}, {listen: 127.0.0.1:25, to: 10.0.32.6:25}]",
            "63: forwards: 127.0.0.1:25 is taken by the forward on 127.0.0.1:25", 12},
           {"rules: {sshd_ports: [9040]}", "9: rules.sshd_ports: 9040 is intercept.port", 10},
           {"rules: {sshd_ports: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}",
            "9: rules.sshd_ports: more than 15 ports", 10},
           {"rules: {role: bridge}", "15: rules.role: 'bridge' is neither router nor leaf", 6},
           {"rules: {masquerade: yes}", "21: rules.masquerade: 'yes' is neither true nor false", 3},
           {"rules: {set: a-name-longer-than-ipset4}",
            "14: rules.set: 'a-name-longer-than-ipset4' is no set name (1 to 24 of A-Z a-z 0-9 _ -)", 25},
           {"rules: {mark: 0}", "15: rules.mark: '0' is not four adjacent bits of a mark, like 0x0f000000", 1},
           {"rules: {mark: 0x0}", "15: rules.mark: '0x0' is not four adjacent bits of a mark, like 0x0f000000", 3},
           {"rules: {mark: 0x1f}", "15: rules.mark: '0x1f' is not four adjacent bits of a mark, like 0x0f000000", 4},
           {"rules: {mark: 15}", "15: rules.mark: '15' is not four adjacent bits of a mark, like 0x0f000000", 2},
           {"rules: {mark: 0xe}", "15: rules.mark: '0xe' is not four adjacent bits of a mark, like 0x0f000000", 3},
           {"rules: {mark: 0x10f000000}", "15: rules.mark: '0x10f000000' is not four adjacent bits of a mark, like 0x0f000000", 11},
           {"rules: {mark: 0x50}", "15: rules.mark: '0x50' is not four adjacent bits of a mark, like 0x0f000000", 4},
           {"rules: {mark: 0x}", "15: rules.mark: '0x' is not four adjacent bits of a mark, like 0x0f000000", 2},
           {"rules: {mark: 0x-f}", "15: rules.mark: '0x-f' is not four adjacent bits of a mark, like 0x0f000000", 4},
           {"rules: {relay_account: ''}", "24: rules.relay_account: '' is no account or group name", 2},
           {"control: {sokcet: /run/x}", "11: unknown key 'sokcet' in control; did you mean 'socket'?", 6},
           {"daemon: {workers: 65}", "19: daemon.workers: 65 is out of range (0..64)", 2},
           {"limits: {flow_buffer: 8MB}",
            "23: limits.flow_buffer: '8MB' is no size: a whole number of bytes, or with KiB, MiB or GiB", 3},
           {"limits: {flow_buffer: 1KiB}", "23: limits.flow_buffer: 1KiB is out of range (64KiB..1GiB)", 4},
           {"limits: {held: 65536}", "16: limits.held: 65536 is out of range (1..60000)", 5},
           {"limits: {held_per_client: 0}", "27: limits.held_per_client: 0 is out of range (1..60000)", 1},
           {"limits: {new_per_client: 100001}", "26: limits.new_per_client: 100001 is out of range (0..100000)", 6},
           {"log: {level: inof}",
            "14: log.level: 'inof' is no log level (error, warning, info, debug); did you mean 'info'?", 4},
           {"<<: {a: 1}", "1: unknown key '<<'", 2},
           {"log: &a {}", "6: anchors and aliases are not read here", 1},
           {"table: !!str /etc/hosts", "8: tags are not read here: tag:yaml.org,2002:str", 1},
           {"log: {level: info, level: info}", "20: 'level' is already set in line 2", 5},
           {"site: {}", "1: 'site' is already set in line 1", 4},
           {"? [a]", "3: a key has to be a word", 1},
       })
    expect_said(mistake);
}

TEST(DaemonConfig, ForwardsMayShareAPortOnDifferentAddresses) {
  EXPECT_EQ(said(kSite + "forwards: [{listen: 127.0.0.1:25, to: 10.0.32.5:25}, {listen: 127.0.0.2:25, to: 10.0.32.5:25}, "
                         "{listen: '[::]:25', to: 10.0.32.5:25}]\n"),
            "");
}

TEST(DaemonConfig, ALeafHasNoLan) {
  EXPECT_EQ(said("site: {networks: [10.0.31.0/24], lan: [lan0], wan: [wan0]}\nrules: {role: leaf}\n"),
            "dvpnd.yaml:2:15: error: rules.role: a leaf carries its own traffic alone; empty site.lan or be a router\n"
            "  rules: {role: leaf}\n"
            "                ^~~~\n");
}

TEST(DaemonConfig, WarnsAboutAForwardThatNothingCarries) {
  EXPECT_EQ(said(kSite + "forwards: [{listen: 127.0.0.1:25, to: 10.0.31.5:25}]\n"),
            "dvpnd.yaml:2:39: warning: forwards: 10.0.31.5 is in this site's own 10.0.31.0/24; nothing carries it\n"
            "  forwards: [{listen: 127.0.0.1:25, to: 10.0.31.5:25}]\n"
            "                                        ^~~~~~~~~~~~\n");
}

TEST(DaemonConfig, RefusesWhatIsNoPlainYaml) {
  EXPECT_EQ(said("site: [\n"), "dvpnd.yaml:2:1: error: not valid YAML: end of sequence flow not found\n");
  EXPECT_EQ(said("just words\n"),
            "dvpnd.yaml:1:1: error: the file has to be a mapping, KEY: VALUE on each line\n"
            "  just words\n"
            "  ^~~~~~~~~~\n");
  EXPECT_EQ(said(kSite + "---\ntable: /x\n"),
            "dvpnd.yaml:2:1: error: a second document begins here; only one is read\n"
            "  ---\n"
            "  ^\n");
  EXPECT_EQ(said(std::string("a: \0b\n", 6)),
            "dvpnd.yaml:1:4: error: control characters are not read here\n"
            "  a: ?b\n"
            "     ^\n");
  EXPECT_EQ(said("\xff\xfe\x61"), "dvpnd.yaml: error: the file is UTF-16; write it as UTF-8\n");
  EXPECT_EQ(said(std::string((1u << 20) + 1, ' ')), "dvpnd.yaml: error: the file is larger than 1048576 bytes\n");
  EXPECT_EQ(said("a: " + std::string(20, '[') + std::string(20, ']')),
            "dvpnd.yaml:1:19: error: more than 16 levels deep\n"
            "  a: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]\n"
            "                    ^\n");
}

TEST(DaemonConfig, ReadsCarriageReturnsAtLineEnds) {
  EXPECT_EQ(said("site: {networks: [10.0.31.0/24], wan: [wan0]}\r\nintercept: {port: 9040}\r\n"), "");
}

}  // namespace
}  // namespace dvpn::config
