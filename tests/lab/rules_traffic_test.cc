// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the rules do to packets, with both variants of iptables and both families. On gateway a, a page that says "caught"
// stands in for the daemon; whatever is redirected gets it. The WAN counts what reaches it for a VPN prefix.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules_site.h"

namespace dvpn::lab {
namespace {

/// The same roles in each family.
struct Family {
  int number;
  const char *far_host, *lan_host, *lan_gateway, *loopback, *wan_gateway, *internet, *prefixes, *lan, *ping;
};
constexpr Family kFour{4, "10.0.32.2", "10.0.31.2", "10.0.31.1", "127.0.0.1", "203.0.113.1", "198.51.100.1", "10.0.0.0/8", "10.0.31.0/24", "ping -4 "};
constexpr Family kSix{6, "fd00:32::2", "fd00:31::2", "fd00:31::1", "::1", "2001:db8::1", "2001:db8:9::1", "fc00::/7", "fd00:31::/64", "ping -6 "};

constexpr int kRefused = 7;    // curl's exit status: no connection, and it was told so
constexpr int kTimedOut = 28;  // ... or was not

using Case = std::tuple<std::string, int>;

class RulesTraffic : public testing::TestWithParam<Case> {
 protected:
  RulesTraffic() {
    // "The Internet": a host beyond the WAN. And a counter of what should never get there.
    const std::string tool = f.number == 6 ? "ip6tables" : "iptables";
    EXPECT_EQ(lab.wan().run("ip addr add " + std::string(f.internet) + (f.number == 6 ? "/128" : "/32") + " dev lo && " + tool +
                            " -t mangle -A PREROUTING -i a -d " + f.prefixes + " -j ACCEPT").exit, 0);
  }

  /// Packets for VPN prefixes that have come out of gateway a.
  int leaked() const {
    const std::string tool = f.number == 6 ? "ip6tables" : "iptables";
    const Result counter = lab.wan().run(tool + " -t mangle -L PREROUTING -vnx | awk 'NR == 3 { print $1 }'");
    return std::stoi("0" + counter.out);
  }
  void expect_refused_at_once(const Result& result) {
    EXPECT_EQ(result.exit, kRefused) << result.out << result.err;
    EXPECT_LT(result.seconds, 0.8);
  }
  /// The WAN routes the VPN's prefixes and the LAN to the gateway.
  void make_the_wan_hostile() {
    const std::string ip = f.number == 6 ? "ip -6 route replace " : "ip route replace ";
    for (const std::string to : {f.prefixes, f.lan})
      EXPECT_EQ(lab.wan().run(ip + to + " via " + f.wan_gateway + " dev a onlink").exit, 0);
  }

  const Family& f = std::get<1>(GetParam()) == 6 ? kSix : kFour;
  Lab lab{two_sites()};
  RulesSite site{lab, "a", std::get<0>(GetParam())};
  Host host = lab.host("a.h1"), gateway = lab.host("a.gw");
};

TEST_P(RulesTraffic, TcpOfLanHostsAndOfTheGatewayIsCaught) {
  site.install();
  const Process daemon = gateway.serve_page(9040, "caught");
  EXPECT_EQ(fetch(host, f.far_host).out, "caught\n");
  EXPECT_EQ(fetch(host, f.far_host, 22).out, "caught\n");
  EXPECT_EQ(fetch(gateway, f.far_host).out, "caught\n");
  EXPECT_EQ(leaked(), 0);
}

TEST_P(RulesTraffic, WhatIsForTheSiteItselfOrForNobodyIsNotCaught) {
  site.install();
  const Process daemon = gateway.serve_page(9040, "caught");
  const Process local = gateway.serve_page(80, "gateway"), internet = lab.wan().serve_page(80, "internet");
  EXPECT_EQ(fetch(host, f.lan_gateway).out, "gateway\n");
  EXPECT_EQ(fetch(gateway, f.lan_gateway).out, "gateway\n");
  EXPECT_EQ(fetch(gateway, f.internet).out, "internet\n");
}

TEST_P(RulesTraffic, AGatewayWithoutADefaultRouteIsCaughtToo) {
  if (f.number == 4) GTEST_SKIP() << "IPv4 needs a default route on the gateway";
  site.install();
  const Process daemon = gateway.serve_page(9040, "caught");
  ASSERT_EQ(gateway.run("ip -6 route del default dev wan0").exit, 0);
  EXPECT_EQ(fetch(gateway, f.far_host).out, "caught\n");
  EXPECT_EQ(fetch(host, f.far_host).out, "caught\n");
  // Where there is no way, there still is none, and the gateway's own programs hear so at once.
  expect_refused_at_once(fetch(gateway, f.internet));
  const Result ping = host.run(f.ping + std::string("-c1 -W2 ") + f.internet);
  EXPECT_NE(ping.out.find("Destination unreachable: No route"), std::string::npos) << ping.out;
  EXPECT_LT(gateway.run(f.ping + std::string("-c1 -W2 ") + f.far_host).seconds, 1);
}

TEST_P(RulesTraffic, WhatTheDaemonRefusesTheHostHearsAsItWas) {
  site.install();
  const Process daemon = gateway.serve_page(9040, "caught");
  // In the daemon's place: a rule that marks what would wait in the queue.
  const std::string ip = f.number == 6 ? "ip -6" : "ip", prohibited = f.number == 6 ? "EACCES" : "EHOSTUNREACH";
  for (const auto& [mark, error] : {std::pair<std::string, std::string>{"0x8000000", "refused"}, {"0x9000000", "EHOSTUNREACH"},
                                    {"0xa000000", "ENETUNREACH"}, {"0xb000000", prohibited}}) {
    site.iptables("-t raw -I DVPN_HOLD 1 -p tcp --dport 80 -j MARK --set-xmark " + mark + "/0xf000000", f.number);
    for (const Host& from : {host, gateway}) {
      EXPECT_EQ(from.talk(f.far_host, 80, "read").out, error + "\n") << from.name() << ' ' << mark;
      EXPECT_EQ(fetch(from, f.far_host, 81).out, "caught\n");
    }
    // A host of the LAN hears it also where there is no way to the prefix at all.
    const std::string route = gateway.run(ip + " route show default dev wan0").out;
    ASSERT_EQ(gateway.run(ip + " route del default dev wan0").exit, 0);
    EXPECT_EQ(host.talk(f.far_host, 80, "read").out, error + "\n") << mark;
    ASSERT_EQ(gateway.run(ip + " route replace dev wan0 " + route.substr(0, route.find("metric"))).exit, 0);
    site.iptables("-t raw -D DVPN_HOLD 1", f.number);
  }
  EXPECT_EQ(leaked(), 0);
}

TEST_P(RulesTraffic, TheKernelsFirstWordThatItDoesNotKnowAConnectionIsNotPassedOn) {
  site.install();
  const Process daemon = gateway.serve_page(9040, "caught");
  // A connection that the gateway knows nothing of looks like one that was made an instant ago on another processor. The client's first
  // packet gets no answer; the next one, some seconds later, the truth.
  const std::string speak = source_folder() + "/tests/lab/lib/unknown " + f.far_host + " 80";
  const Process near = host.start(speak), own = gateway.start(speak);
  for (const Process* const client : {&near, &own}) {
    EXPECT_TRUE(client->wait_for_output(" s\n", 25s));
    EXPECT_THAT(client->out(), testing::MatchesRegex("ECONNRESET after [1-9]\\.[0-9] s\n")) << client->err();
  }
}

TEST_P(RulesTraffic, OwnAccountsAreNotCaughtSoNothingLoops) {
  site.install();
  const Process daemon = gateway.serve_page(9040, "caught");
  // The daemon's SSH may go to a gateway whose address lies in a prefix; the relay's and the peers' connections may not.
  EXPECT_NE(fetch(gateway, f.far_host, 22, "dvpnd").out, "caught\n");
  EXPECT_GT(leaked(), 0);
  const int before = leaked();
  EXPECT_EQ(fetch(gateway, f.far_host, 22, "dvpn-relay").out, "");
  EXPECT_EQ(fetch(gateway, f.far_host, 22, "dvpn").out, "");
  EXPECT_EQ(leaked(), before);
}

TEST_P(RulesTraffic, PeersAccountsReachNothingByThemselves) {
  site.install();
  const Process local = gateway.serve_page(80, "gateway"), internet = lab.wan().serve_page(80, "internet"),
                near = host.serve_page(80, "host");
  for (const char* target : {f.loopback, f.lan_gateway, f.lan_host, f.internet}) {
    expect_refused_at_once(fetch(gateway, target, 80, "dvpn"));
    EXPECT_NE(fetch(gateway, target, 80, "dvpn-relay").out, "") << target;
  }
  const std::string udp = "setpriv --reuid dvpn --regid dvpn-peers --init-groups bash -c 'echo x >/dev/udp/" +
                          std::string(f.internet) + "/9'; nstat -asz UdpOutDatagrams Udp6OutDatagrams >/dev/null";
  Process sink = lab.wan().start("exec socat -u UDP6-RECV:9,ipv6only=0 -");
  ASSERT_TRUE(wait_until([&] { return !lab.wan().run("ss -Hlun 'sport = :9'").out.empty(); }, 5s, "the sink"));
  gateway.run(udp);
  EXPECT_EQ(gateway.run("echo y >/dev/udp/" + std::string(f.internet) + "/9").exit, 0);
  EXPECT_TRUE(sink.wait_for_output("y"));
  EXPECT_EQ(sink.out(), "y\n");
}

TEST_P(RulesTraffic, TheDaemonsPortTakesNoDirectConnections) {
  site.install();
  const Process daemon = gateway.serve_page(9040, "caught");
  expect_refused_at_once(fetch(host, f.lan_gateway, 9040));
  expect_refused_at_once(fetch(gateway, f.loopback, 9040));
  expect_refused_at_once(fetch(gateway, f.lan_gateway, 9040));
  EXPECT_EQ(fetch(lab.wan(), f.wan_gateway, 9040).exit, kTimedOut);
}

TEST_P(RulesTraffic, WhoBeginsTooManyConnectionsIsIgnoredAndNobodyElse) {
  const Process daemon = gateway.serve_page(9040, "caught");
  const auto served_of_20 = [&](const std::string& seconds) {
    const std::string connect = "timeout " + seconds + " bash -c 'exec 3<>/dev/tcp/" + f.far_host + "/80' 2>/dev/null && echo yes";
    return std::stoi("0" + host.run("for i in {1..20}; do { " + connect + "; } & done | grep -c yes; wait").out);
  };
  site.install(Dump{.new_per_client = "1"});
  const int served = served_of_20("2");
  EXPECT_GE(served, 1);
  EXPECT_LE(served, 10);
  EXPECT_EQ(fetch(lab.host("a.h2"), f.far_host).out, "caught\n");
  const std::string said = site.rules("check", Dump{.new_per_client = "1"}.text()).out;
  const auto at = said.find("first packets were ignored: beyond limits.new_per_client");
  ASSERT_NE(at, std::string::npos) << said;
  EXPECT_GE(std::stoi(said.substr(said.rfind(':', at) + 1)), 10) << said;
  site.install();
  EXPECT_EQ(served_of_20("20"), 20);
}

TEST_P(RulesTraffic, OnlySshdIsReachableFromTheWan) {
  const Process sshd = gateway.serve_page(22, "sshd"), other = gateway.serve_page(80, "gateway");
  EXPECT_EQ(fetch(lab.wan(), f.wan_gateway, 80).out, "gateway\n");
  site.install();
  EXPECT_EQ(fetch(lab.wan(), f.wan_gateway, 22).out, "sshd\n");
  EXPECT_EQ(fetch(lab.wan(), f.wan_gateway, 80).exit, kTimedOut);
  EXPECT_EQ(lab.wan().run(f.ping + std::string("-c1 -W1 ") + f.wan_gateway).exit, 0);
  // What the gateway asks for is answered.
  const Process internet = lab.wan().serve_page(8080, "internet");
  EXPECT_EQ(fetch(gateway, f.internet, 8080).out, "internet\n");
}

TEST_P(RulesTraffic, ANeighbourOnTheWanGetsNothing) {
  site.install(Dump{.masquerade = "yes"});
  const Process daemon = gateway.serve_page(9040, "caught"), sshd = gateway.serve_page(22, "sshd"), near = host.serve_page(80, "host");
  make_the_wan_hostile();
  EXPECT_EQ(fetch(lab.wan(), f.far_host, 80).exit, kTimedOut);
  EXPECT_EQ(fetch(lab.wan(), f.far_host, 22).exit, kTimedOut);
  EXPECT_EQ(fetch(lab.wan(), f.lan_host, 80).exit, kTimedOut);
  EXPECT_EQ(fetch(lab.wan(), f.lan_gateway, 22).exit, kTimedOut);
  EXPECT_EQ(fetch(lab.wan(), f.wan_gateway, 22).out, "sshd\n");
  // None of it was even redirected and then dropped.
  const std::string tool = (f.number == 6 ? "ip6tables-" : "iptables-") + std::get<0>(GetParam());
  EXPECT_EQ(gateway.run(tool + " -t nat -vnxL DVPN_CATCH | awk '/REDIRECT/ { print $1 }'").out, "0\n");
}

TEST_P(RulesTraffic, AddressesOfTheVpnThatTheGatewayHasElsewhereAreNotForTheWan) {
  // One of a far prefix, and one of the site's own networks, both on lo.
  const std::string far = f.number == 6 ? "fd00:32::99" : "10.0.32.99", own = f.number == 6 ? "fd00:31::99" : "10.0.31.99";
  const std::string length = f.number == 6 ? "/128 dev lo && " : "/32 dev lo && ";
  ASSERT_EQ(gateway.run("ip addr add " + far + length + "ip addr add " + own + length + "true").exit, 0);
  const Process sshd = gateway.serve_page(22, "sshd");
  make_the_wan_hostile();
  EXPECT_EQ(fetch(lab.wan(), far, 22).out, "sshd\n");
  EXPECT_EQ(fetch(lab.wan(), own, 22).out, "sshd\n");
  site.install();
  EXPECT_EQ(fetch(lab.wan(), far, 22).exit, kTimedOut);
  EXPECT_EQ(fetch(lab.wan(), own, 22).exit, kTimedOut);
  // For the LAN and the gateway they are the gateway's own: not caught.
  const Process daemon = gateway.serve_page(9040, "caught");
  for (const Host& from : {host, gateway}) EXPECT_EQ(fetch(from, far, 22).out, "sshd\n");
}

TEST_P(RulesTraffic, AWanAddressInsideTheVpnStaysReachable) {
  const Process sshd = gateway.serve_page(22, "sshd");
  const std::string around = f.number == 6 ? "2001:db8::/64" : "203.0.113.0/24", itself = f.wan_gateway + std::string(f.number == 6 ? "/128" : "/32");
  site.install(Dump{.prefixes = {around}});
  EXPECT_EQ(fetch(lab.wan(), f.wan_gateway, 22).out, "sshd\n");
  site.install(Dump{.networks = {itself}, .prefixes = {around}});
  EXPECT_EQ(fetch(lab.wan(), f.wan_gateway, 22).out, "sshd\n");
}

TEST_P(RulesTraffic, NothingLeaksWhileNoDaemonRuns) {
  site.install();
  const std::string ping = f.ping + std::string("-c1 -W1 ") + f.far_host, udp = "echo x >/dev/udp/" + std::string(f.far_host) + "/53";
  for (const Host& from : {host, gateway}) {
    expect_refused_at_once(fetch(from, f.far_host));
    EXPECT_NE(from.run(ping).exit, 0);
    from.run(udp);
  }
  // Even with the redirection gone.
  site.iptables("-t nat -F DVPN_CATCH", f.number);
  for (const Host& from : {host, gateway}) EXPECT_NE(fetch(from, f.far_host).exit, 0);
  EXPECT_EQ(leaked(), 0);
  // And this is what the rules prevent.
  ASSERT_EQ(site.rules("remove").exit, 0);
  for (const Host& from : {host, gateway}) from.run(udp);
  EXPECT_EQ(leaked(), 2);
}

TEST_P(RulesTraffic, ConnectionsThatAreOlderThanTheRulesAreCut) {
  make_the_wan_hostile();
  ASSERT_EQ(lab.wan().run("ip addr add " + std::string(f.far_host) + (f.number == 6 ? "/128" : "/32") + " dev lo").exit, 0);
  site.iptables("-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT", f.number);  // the kernel follows connections already
  const Process server = lab.wan().serve(7000, "say:one hear:go say:two hold");
  const std::string installed = "/tmp/dvpn-installed." + lab.id();
  const std::string client = "exec 3<>/dev/tcp/" + std::string(f.far_host) + "/7000; read -u 3 line; echo $line; " +
                             "until [[ -e " + installed + " ]]; do sleep 0.05; done; echo go >&3; line=; read -t 2 -u 3 line; echo ${line:-nothing}";
  Process clients[] = {host.start(client), gateway.start(client)};
  for (const Process& each : clients) ASSERT_TRUE(each.wait_for_output("one"));
  site.install();
  const int before = leaked();
  run_here("touch " + installed);
  for (Process& each : clients) EXPECT_EQ(each.wait(5s).out, "one\nnothing\n");
  EXPECT_EQ(leaked(), before);
  run_here("rm -f " + installed);
}

TEST_P(RulesTraffic, AHostIsToldThatItsDatagramIsProhibited) {
  site.install();
  const Result ping = host.run(f.ping + std::string("-c1 -W2 ") + f.far_host);
  EXPECT_NE((ping.out + ping.err).find(f.number == 6 ? "Administratively prohibited" : "Packet filtered"), std::string::npos) << ping.out;
}

TEST_P(RulesTraffic, SmbIsRefusedAtOnceWhenAsked) {
  const Process daemon = gateway.serve_page(9040, "caught");
  site.install();
  EXPECT_EQ(fetch(host, f.far_host, 445).out, "caught\n");
  site.install(Dump{.reject_smb = "yes"});
  for (const Host& from : {host, gateway}) {
    expect_refused_at_once(fetch(from, f.far_host, 445));
    EXPECT_EQ(fetch(from, f.far_host, 80).out, "caught\n");
  }
}

TEST_P(RulesTraffic, MasqueradingHidesTheLanFromTheWanOnly) {
  const Process internet = lab.wan().serve_page(80, "");  // (that is: the address of the client)
  site.install();
  EXPECT_EQ(fetch(host, f.internet).exit, kTimedOut);  // the WAN has no way back to the LAN's address
  site.install(Dump{.masquerade = "yes"});
  const std::string seen = fetch(host, f.internet).out;
  EXPECT_EQ(seen, f.number == 6 ? "[2001:0db8:0000:0000:0000:0000:0000:0001]\n" : "[0000:0000:0000:0000:0000:ffff:cb00:7101]\n");
  // A prefix that is not carried is not masqueraded either: it is refused.
  site.iptables("-t nat -F DVPN_CATCH", f.number);
  EXPECT_NE(fetch(host, f.far_host).exit, 0);
  EXPECT_EQ(leaked(), 0);
}

TEST_P(RulesTraffic, ALeafForwardsNothing) {
  const Process internet = lab.wan().serve_page(80, "internet"), near = host.serve_page(80, "host");
  make_the_wan_hostile();
  EXPECT_EQ(fetch(host, f.internet).out, "internet\n");
  site.install(Dump{.role = "leaf"});
  EXPECT_NE(fetch(host, f.internet).exit, 0);
  EXPECT_EQ(fetch(lab.wan(), f.lan_host).exit, kTimedOut);
  EXPECT_EQ(fetch(gateway, f.internet).out, "internet\n");
}

TEST_P(RulesTraffic, ALeafWithoutALanIsCaughtItself) {
  site.install(Dump{.role = "leaf", .lan = ""});
  const Process daemon = gateway.serve_page(9040, "caught"), internet = lab.wan().serve_page(80, "internet");
  EXPECT_EQ(fetch(gateway, f.far_host).out, "caught\n");
  EXPECT_EQ(fetch(gateway, f.internet).out, "internet\n");
  EXPECT_NE(fetch(host, f.far_host).out, "caught\n");
  EXPECT_EQ(leaked(), 0);
}

TEST_P(RulesTraffic, AFloodOfPingsIsLimitedAndNeighbourDiscoveryIsNot) {
  site.install();
  const Process sshd = gateway.serve_page(22, "sshd");
  const Result flood = lab.wan().run(f.ping + std::string("-q -f -c 500 -w 2 ") + f.wan_gateway);
  const auto received = flood.out.find(" received");
  ASSERT_NE(received, std::string::npos) << flood.out;
  EXPECT_LT(std::stoi(flood.out.substr(flood.out.rfind(',', received) + 1)), 200) << flood.out;
  const Process still = lab.wan().start(f.ping + std::string("-q -f -c 5000 -w 5 ") + f.wan_gateway);
  EXPECT_EQ(lab.wan().run("ip neigh flush dev a").exit, 0);
  EXPECT_EQ(fetch(lab.wan(), f.wan_gateway, 22).out, "sshd\n");
}

TEST_P(RulesTraffic, OurSshdAnswersAGatewayWhoseAddressLiesInAPrefix) {
  // The peer's address on the WAN is one of a prefix of the table: its SSH comes in and is answered, nothing else is.
  const std::string inside = f.number == 6 ? "fd00:77::1" : "10.77.0.1", prefix = f.number == 6 ? "fd00:77::/64" : "10.77.0.0/24";
  ASSERT_EQ(lab.wan().run("ip addr add " + inside + (f.number == 6 ? "/128" : "/32") + " dev lo").exit, 0);
  site.install(Dump{.prefixes = {prefix}});
  const Process sshd = gateway.serve_page(22, "sshd");
  EXPECT_EQ(lab.wan().run("curl -s -m 2 --interface " + inside + " http://" +
                          (f.number == 6 ? "[" + std::string(f.wan_gateway) + "]" : f.wan_gateway) + ":22/").out, "sshd\n");
  EXPECT_NE(gateway.run(f.ping + std::string("-c1 -W1 ") + inside).exit, 0);
}

TEST_P(RulesTraffic, AnswersToAClientWhoseAddressTheRelayTookComeBackToTheRelay) {
  site.install();
  // The far host is the client, hosts of this LAN and the gateway itself are the servers.
  const Process near = host.serve_page(80, ""), local = gateway.serve_page(80, "");
  const auto in_brackets = [&](const char* address) { return f.number == 6 ? "[" + std::string(address) + "]" : std::string(address); };
  const auto ask = [&](const char* server, const std::string& account) {
    return gateway.run("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | setpriv --reuid " + account + " --regid dvpn-admin" +
                       " --clear-groups --inh-caps +net_raw --ambient-caps +net_raw socat -T 1 - TCP:" + in_brackets(server) +
                       ":80,connect-timeout=1,bind=" + in_brackets(f.far_host) + ",ip-transparent 2>/dev/null | tail -n1").out;
  };
  const std::string client = f.number == 6 ? "[fd00:0032:0000:0000:0000:0000:0000:0002]\n" : "[0000:0000:0000:0000:0000:ffff:0a00:2002]\n";
  for (const char* server : {f.lan_host, f.lan_gateway}) {
    EXPECT_EQ(ask(server, "dvpn-relay"), client) << server;
    EXPECT_EQ(ask(server, "nobody"), "") << "that is nobody's business but the relay's";
  }
  EXPECT_EQ(leaked(), 0);
}

std::string name(const testing::TestParamInfo<Case>& each) {
  return std::get<0>(each.param) + "_IPv" + std::to_string(std::get<1>(each.param));
}
INSTANTIATE_TEST_SUITE_P(Matrix, RulesTraffic, testing::Combine(testing::Values("nft", "legacy"), testing::Values(4, 6)), name);

}  // namespace
}  // namespace dvpn::lab
