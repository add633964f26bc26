// SPDX-License-Identifier: GPL-2.0-or-later
// relay.yaml: what is read, and the whole text of what is said about each kind of mistake of its own. What it shares
// with dvpnd.yaml is tested there.
#include "config/relay_config.h"

#include <gtest/gtest.h>

namespace dvpn::config {
namespace {

using std::chrono::milliseconds;

const std::string kNetworks = "networks: [10.0.32.0/24]\n";

std::string said(const std::string& content) {
  Diagnostics diagnostics("relay.yaml");
  (void)parse_relay_config(content, diagnostics);
  return diagnostics.render();
}

TEST(RelayConfig, TheLeastThatIsNeededGivesTheDefaults) {
  Diagnostics diagnostics("relay.yaml");
  RelayConfig expected;
  expected.networks = {*net::Prefix::parse("10.0.32.0/24")};
  EXPECT_EQ(parse_relay_config(kNetworks, diagnostics), expected);
  EXPECT_EQ(diagnostics.render(), "");
}

TEST(RelayConfig, ReadsEveryKey) {
  Diagnostics diagnostics("relay.yaml");
  const RelayConfig config = parse_relay_config(R"(networks: [10.0.32.0/24, "fd00:32::/64"]
gaol: /srv/gaol
socket: /r.sock
user: relay-a
group: peers-a
connect_timeout: 1s
request_timeout: 2s
spare_timeout: 3m
udp_timeout: 4m
access:
  - {account: dvpn, to: [10.0.32.0/24], ports: [22, 80, 8000-8100]}
  - {account: "*", to: [127.0.0.1/32, "fd00:32::/64"], protocols: [udp, ping], source: client, from: [10.0.31.0/24, "fd00:31::/64"]}
limits: {flows: 1, flows_per_account: 2, spares_per_account: 3, pipes: 4}
log: {level: warning}
)",
                                                diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  RelayConfig expected;
  expected.networks = {*net::Prefix::parse("10.0.32.0/24"), *net::Prefix::parse("fd00:32::/64")};
  expected.gaol = "/srv/gaol";
  expected.socket = "/r.sock";
  expected.user = "relay-a";
  expected.group = "peers-a";
  expected.connect_timeout = milliseconds(1000);
  expected.request_timeout = milliseconds(2000);
  expected.spare_timeout = milliseconds(180'000);
  expected.udp_timeout = milliseconds(240'000);
  expected.access = {
      {"dvpn", {*net::Prefix::parse("10.0.32.0/24")}, {{22, 22}, {80, 80}, {8000, 8100}}, {}, Source::kGateway, {}},
      {"*", {*net::Prefix::parse("127.0.0.1/32"), *net::Prefix::parse("fd00:32::/64")}, {}, {Protocol::kUdp, Protocol::kPing},
       Source::kClient, {*net::Prefix::parse("10.0.31.0/24"), *net::Prefix::parse("fd00:31::/64")}},
  };
  expected.limits = {.flows = 1, .flows_per_account = 2, .spares_per_account = 3, .pipes = 4};
  expected.log_level = LogLevel::kWarning;
  EXPECT_EQ(config, expected);
}

TEST(RelayConfig, CollectsMistakesAndShowsTheirPlaces) {
  EXPECT_EQ(said("network: [10.0.32.0/24]\n"
                 "access:\n"
                 "  - {account: dvpn, to: [0.0.0.0/0, 0.0.0.0/1, 224.0.0.0/8]}\n"
                 "  - {acount: dvpn, to: []}\n"
                 "  - {account: 7up, to: [10.0.32.0/24], ports: [0, 90-80, x, 1-2-3]}\n"
                 "limits: {pipes: 0}\n"),
            "relay.yaml: error: networks is missing\n"
            "relay.yaml:1:1: error: unknown key 'network'; did you mean 'networks'?\n"
            "  network: [10.0.32.0/24]\n"
            "  ^~~~~~~\n"
            "relay.yaml:3:26: error: access.to: 0.0.0.0/0 cannot be used: it covers every address\n"
            "    - {account: dvpn, to: [0.0.0.0/0, 0.0.0.0/1, 224.0.0.0/8]}\n"
            "                           ^~~~~~~~~\n"
            "relay.yaml:3:37: error: access.to: 0.0.0.0/1 cannot be used: it covers loopback addresses\n"
            "    - {account: dvpn, to: [0.0.0.0/0, 0.0.0.0/1, 224.0.0.0/8]}\n"
            "                                      ^~~~~~~~~\n"
            "relay.yaml:3:48: error: access.to: 224.0.0.0/8 cannot be used: it covers multicast addresses\n"
            "    - {account: dvpn, to: [0.0.0.0/0, 0.0.0.0/1, 224.0.0.0/8]}\n"
            "                                                 ^~~~~~~~~~~\n"
            "relay.yaml:4:5: error: access.account is missing\n"
            "    - {acount: dvpn, to: []}\n"
            "      ^\n"
            "relay.yaml:4:6: error: unknown key 'acount' in access; did you mean 'account'?\n"
            "    - {acount: dvpn, to: []}\n"
            "       ^~~~~~\n"
            "relay.yaml:4:24: error: access.to: at least one is needed\n"
            "    - {acount: dvpn, to: []}\n"
            "                         ^\n"
            "relay.yaml:5:15: error: access.account: '7up' is no account or group name\n"
            "    - {account: 7up, to: [10.0.32.0/24], ports: [0, 90-80, x, 1-2-3]}\n"
            "                ^~~\n"
            "relay.yaml:5:48: error: access.ports: port 0 is out of range (1..65535)\n"
            "    - {account: 7up, to: [10.0.32.0/24], ports: [0, 90-80, x, 1-2-3]}\n"
            "                                                 ^\n"
            "relay.yaml:5:51: error: access.ports: '90-80' ends before it begins\n"
            "    - {account: 7up, to: [10.0.32.0/24], ports: [0, 90-80, x, 1-2-3]}\n"
            "                                                    ^~~~~\n"
            "relay.yaml:5:58: error: access.ports: 'x' is no port number\n"
            "    - {account: 7up, to: [10.0.32.0/24], ports: [0, 90-80, x, 1-2-3]}\n"
            "                                                           ^\n"
            "relay.yaml:5:61: error: access.ports: '2-3' is no port number\n"
            "    - {account: 7up, to: [10.0.32.0/24], ports: [0, 90-80, x, 1-2-3]}\n"
            "                                                              ^~~~~\n"
            "relay.yaml:6:17: error: limits.pipes: 0 is out of range (1..65536)\n"
            "  limits: {pipes: 0}\n"
            "                  ^\n");
}

TEST(RelayConfig, ProtocolsHaveNamesAndAPingHasNoPorts) {
  EXPECT_EQ(said(kNetworks + "access: [{account: dvpn, to: [10.0.32.0/24], protocols: [tcp, icmp]}]\n"),
            "relay.yaml:2:63: error: access.protocols: 'icmp' is no protocol (tcp, udp, ping)\n"
            "  access: [{account: dvpn, to: [10.0.32.0/24], protocols: [tcp, icmp]}]\n"
            "                                                                ^~~~\n");
  EXPECT_EQ(said(kNetworks + "access: [{account: dvpn, to: [10.0.32.0/24], ports: [80], protocols: [ping]}]\n"),
            "relay.yaml:2:46: error: access.ports: a ping has none\n"
            "  access: [{account: dvpn, to: [10.0.32.0/24], ports: [80], protocols: [ping]}]\n"
            "                                               ^~~~~\n");
}

TEST(RelayConfig, ClientSourcesNeedTheirClientsWhoAreNobodyOfTheSite) {
  const std::string to = "access: [{account: dvpn, to: [10.0.32.0/24], ";
  EXPECT_EQ(said(kNetworks + to + "source: client}]\n"),
            "relay.yaml:2:10: error: access.from is missing\n"
            "  access: [{account: dvpn, to: [10.0.32.0/24], source: client}]\n"
            "           ^\n");
  EXPECT_EQ(said(kNetworks + to + "from: [10.0.31.0/24]}]\n"),
            "relay.yaml:2:46: error: access.from: only with source: client\n"
            "  access: [{account: dvpn, to: [10.0.32.0/24], from: [10.0.31.0/24]}]\n"
            "                                               ^~~~\n");
  EXPECT_EQ(said(kNetworks + to + "source: client, from: [10.0.0.0/8]}]\n"),
            "relay.yaml:2:62: error: access.from: 10.0.0.0/8 overlaps 10.0.32.0/24, one of the site's own networks\n"
            "  access: [{account: dvpn, to: [10.0.32.0/24], source: client, from: [10.0.0.0/8]}]\n"
            "                                                               ^~~~\n");
  EXPECT_EQ(said(kNetworks + to + "source: relay, from: [127.0.0.0/8]}]\n"),
            "relay.yaml:2:54: error: access.source: 'relay' is no source (gateway, client)\n"
            "  access: [{account: dvpn, to: [10.0.32.0/24], source: relay, from: [127.0.0.0/8]}]\n"
            "                                                       ^~~~~\n"
            "relay.yaml:2:61: error: access.from: only with source: client\n"
            "  access: [{account: dvpn, to: [10.0.32.0/24], source: relay, from: [127.0.0.0/8]}]\n"
            "                                                              ^~~~\n"
            "relay.yaml:2:68: error: access.from: 127.0.0.0/8 cannot be used: it covers loopback addresses\n"
            "  access: [{account: dvpn, to: [10.0.32.0/24], source: relay, from: [127.0.0.0/8]}]\n"
            "                                                                     ^~~~~~~~~~~\n");
}

TEST(RelayConfig, AnEmptyAccessListIsNoWayToSayNobody) {
  EXPECT_EQ(said(kNetworks + "access: []\n"),
            "relay.yaml:2:9: error: access: names nothing; without the key every account may reach networks\n"
            "  access: []\n"
            "          ^\n");
}

TEST(RelayConfig, AnyAccountHasToBeQuoted) {
  EXPECT_EQ(said(kNetworks + "access: [{account: *, to: [10.0.32.0/24]}]\n"),
            "relay.yaml:2:21: error: not valid YAML: alias not found after *\n"
            "  access: [{account: *, to: [10.0.32.0/24]}]\n"
            "                      ^\n");
}

TEST(RelayConfig, TheSocketsWholePathHasToFit) {
  EXPECT_EQ(said(kNetworks + "gaol: /" + std::string(93, 'g') + "\n"),
            "relay.yaml:2:7: error: gaol and socket together are longer than a socket's path can be (107 bytes)\n"
            "  gaol: /" + std::string(93, 'g') + "\n" +
            "        ^" + std::string(93, '~') + "\n");
  EXPECT_EQ(said(kNetworks + "gaol: /" + std::string(91, 'g') + "\n"), "");
}

}  // namespace
}  // namespace dvpn::config
