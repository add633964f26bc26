// SPDX-License-Identifier: GPL-2.0-or-later
//
// UDP from hosts of one site, and from its gateway, to hosts of another: real resolvers, streams, what is refused, and how
// flows end. In both families, and with both variants of iptables where the rules matter.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "rules_site.h"
#include "site_daemon.h"
#include "udp_site.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

Shared<Lab> lab([] {
  lab.make(two_sites("site c networks 10.0.33.0/24 fd00:33::/64 wan 203.0.113.3 2001:db8::3 hosts 1\n"));
  lab->step("install");
  const Site a = lab->site("a"), b = lab->site("b");
  EXPECT_EQ(run_here("sed -i -e '/gw.c/s/$/ via=direct/' " + a.path("etc/hosts")).exit, 0);
  configure(a, "udp", "idle_timeout: 2s");
  configure(a, "udp", "dns_idle_timeout: 1s");
  configure(a, "limits", "udp_flows_per_client: 200");
  b.write("etc/relay.yaml", b.read("etc/relay.yaml") +
                                "access: [{account: dvpn, to: [10.0.32.0/24, \"fd00:32::/64\"], ports: [1-6999]}]\nlog: {level: debug}\n");
  lab->host("b.gw").run("sysctl -q net.ipv4.neigh.lan0.mcast_solicit=1 net.ipv6.neigh.lan0.mcast_solicit=1");
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
});

/// The same roles in each family.
struct Family {
  int number;
  const char *far, *far_gateway, *dead, *direct, *prohibited;
};
constexpr Family kFour{4, "10.0.32.2", "10.0.32.1", "10.0.32.99", "10.0.33.2", "EHOSTUNREACH\n"};
constexpr Family kSix{6, "fd00:32::2", "fd00:32::1", "fd00:32::63", "fd00:33::2", "EACCES\n"};

class Udp : public testing::TestWithParam<int> {
 protected:
  std::vector<Host> clients() const { return {lab->host("a.h1"), a_.gateway()}; }
  std::string at(const std::string& address, int port) const {
    return (f_.number == 6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
  }

  const Family& f_ = GetParam() == 6 ? kSix : kFour;
  const Site a_ = lab->site("a"), b_ = lab->site("b");
  const Host far_ = lab->host("b.h1");
};

INSTANTIATE_TEST_SUITE_P(Families, Udp, testing::Values(4, 6), testing::PrintToStringParamName());

TEST_P(Udp, ARealResolverAnswers) {
  const Resolver resolver(far_, f_.far);
  for (const char* variant : {"nft", "legacy"}) {
    const Result rules = a_.gateway().run(source_folder() + "/rules/dvpn-rules --variant " + variant + " -c " + a_.path("etc/dvpnd.yaml") +
                                          " --dvpnd " + DVPN_LAB_DVPND + " install");
    ASSERT_EQ(rules.exit, 0) << rules.err;
    for (const Host& client : clients()) {
      EXPECT_EQ(client.run(dig(f_.far) + "+short a.test").out, "192.0.2.7\n") << variant << client.name();
      EXPECT_EQ(client.run(dig(f_.far) + "+short +notcp TXT long.test | wc -c").out, "253\n") << variant << client.name();
    }
  }
  const std::string line = flow_line(a_, at(f_.far, 53), "idle");
  EXPECT_THAT(line, HasSubstr(" protocol=udp "));
  EXPECT_THAT(line, HasSubstr(" datagrams_up=1 datagrams_down=1 dropped_up=0 dropped_down=0 unreachable=0"));
}

TEST_P(Udp, AServerOnTheFarGatewayAnswers) {
  const Process server = serve_datagrams(lab->host("b.gw"), f_.far_gateway, 5300);
  for (const Host& client : clients()) EXPECT_EQ(datagrams(client, "ask", f_.far_gateway, 5300, "100").out, "back 100 bytes, same\n");
}

TEST_P(Udp, AStreamComesThroughInOrder) {
  const Process server = serve_datagrams(far_, f_.far, 5301);
  for (const Host& client : clients())
    EXPECT_EQ(datagrams(client, "stream", f_.far, 5301, "4000 1200 2000").out, "4000 of 4000 back, in order, 0 changed\n") << client.name() << flow_line(a_, at(f_.far, 5301), "idle");
}

TEST_P(Udp, DatagramsOfAllSizesComeThroughWhole) {
  const Process server = serve_datagrams(far_, f_.far, 5302);
  // (more than lo's MTU goes in fragments from the gateway itself, and nobody puts those together for the rules)
  for (const std::string size : {"4", "1472", "1473", "9000", "65488", "65507"})
    for (const Host& client : clients()) {
      if (GetParam() == 6 && size == "65507" && client.name() == "a.gw") continue;
      EXPECT_EQ(datagrams(client, "ask", f_.far, 5302, size).out, "back " + size + " bytes, same\n") << client.name();
    }
}

TEST_P(Udp, AClosedPortIsRefused) {
  for (const Host& client : clients()) {
    const Result refused = datagrams(client, "ask", f_.far, 5999, "100");
    EXPECT_EQ(refused.out, "ECONNREFUSED\n") << client.name();
    EXPECT_LT(refused.seconds, 2);
  }
  EXPECT_THAT(flow_line(a_, at(f_.far, 5999), "idle"), HasSubstr(" unreachable=1"));
}

TEST_P(Udp, ADeadHostIsUnreachableAndNotRefused) {
  const Host client = lab->host("a.h1");
  const Capture capture(client, GetParam() == 6 ? "icmp6 and ip6[40] == 1" : "icmp[icmptype] == icmp-unreach");
  EXPECT_EQ(datagrams(client, "ask", f_.dead, 5303, "100 for=3").out, "silent\n");
  EXPECT_TRUE(capture.saw(GetParam() == 6 ? "unreachable address" : "host " + std::string(f_.dead) + " unreachable")) << capture.text();
}

TEST_P(Udp, ADatagramWhoseTimeEndsAtTheGatewayIsAnsweredByThat) {
  const bool six = GetParam() == 6;
  const Host client = lab->host("a.h1");
  const Capture capture(client, six ? "icmp6 and ip6[40] == 3" : "icmp[icmptype] == icmp-timxceed");
  client.run("echo x | socat -u - UDP:" + at(f_.far, 5309) + (six ? ",setsockopt-int=41:16:1" : ",ttl=1"));
  EXPECT_TRUE(capture.saw(std::string(six ? "fd00:31::1" : "10.0.31.1") + " > .*time exceeded")) << capture.text();
}

TEST_P(Udp, WhatTheRelaysListForbidsIsProhibitedAndNotAskedForEachTime) {
  for (const Host& client : clients()) {
    const std::uint64_t before = udp_counter(a_, "remembered");
    EXPECT_EQ(datagrams(client, "ask", f_.far, 7001, "100 from=41000").out, f_.prohibited) << client.name();
    EXPECT_EQ(datagrams(client, "ask", f_.far, 7001, "100 from=41000").out, f_.prohibited) << client.name();
    EXPECT_EQ(udp_counter(a_, "remembered"), before + 1);
  }
  flow_line(a_, at(f_.far, 7001), "prohibited");
}

TEST_P(Udp, WithoutARelayItIsProhibitedAtOnce) {
  for (const Host& client : clients()) {
    const Result refused = datagrams(client, "ask", f_.direct, 5304, "100");
    EXPECT_EQ(refused.out, f_.prohibited) << client.name();
    EXPECT_LT(refused.seconds, 1);
  }
  EXPECT_THAT(a_.log("dvpnd"), testing::ContainsRegex("flow refused protocol=udp [^\n]* end=prohibited"));
}

TEST_P(Udp, AnIdleFlowEndsAtBothEndsAndTheNextDatagramBeginsAnother) {
  const Process server = serve_datagrams(far_, f_.far, 5305);
  for (int i = 1; i <= 2; ++i) {
    EXPECT_EQ(datagrams(lab->host("a.h1"), "ask", f_.far, 5305, "100 from=42000").out, "back 100 bytes, same\n");
    const auto ended = [&](const std::string& log, const std::string& words) { return count(log, words) == static_cast<std::size_t>(i); };
    wait_until([&] { return ended(b_.log("relay"), "to udp " + at(f_.far, 5305) + ": "); }, 10s, "the relay's flow to end");
    wait_until([&] { return ended(a_.log("dvpnd"), ":42000 destination=" + at(f_.far, 5305) + " "); }, 10s, "the daemon's flow to end");
  }
  EXPECT_EQ(a_.gateway().run("ss -Hun 'sport = :5305' | wc -l").out, "0\n");
}

TEST_P(Udp, OfOneClientFlowsAreBounded) {
  const Process server = serve_datagrams(far_, f_.far, 5306);
  const Host client = lab->host("a.h1");
  const std::string family = GetParam() == 6 ? "socket.AF_INET6" : "socket.AF_INET";  // (all at once: none may be idle when the last comes)
  client.run("python3 -c 'import socket; all = [socket.socket(" + family + ", socket.SOCK_DGRAM) for i in range(300)]; [s.sendto(b\"x\", (\"" + f_.far +
             "\", 5306)) for s in all]'");
  EXPECT_EQ(datagrams(client, "ask", f_.far, 5306, "100 for=1").out, f_.prohibited);
  EXPECT_EQ(datagrams(lab->host("a.h2"), "ask", f_.far, 5306, "100").out, "back 100 bytes, same\n");
  wait_until([&] { return udp_counter(a_, "flows") == 0; }, 20s, "the flows to end");
}

TEST_P(Udp, CanBeTurnedOff) {
  const Reconfigured off(*lab, "a", "udp", "carry: false");
  EXPECT_EQ(datagrams(lab->host("a.h1"), "ask", f_.far, 5308, "100").out, f_.prohibited);
  // (IPv4 sends no ICMP error from an address that is not its own)
  EXPECT_EQ(datagrams(a_.gateway(), "ask", f_.far, 5308, "100 for=1").out, GetParam() == 6 ? "ECONNREFUSED\n" : "silent\n");
  EXPECT_THAT(dvpn(a_, "status").out, HasSubstr("  udp       off (udp.carry)\n"));
  EXPECT_THAT(dvpn(a_, "why " + at(f_.far, 5308) + " --udp").out, HasSubstr("udp.carry is false"));
}

TEST_P(Udp, AFloodFromOneClientLeavesAnothersFlowsAlone) {
  const Process server = serve_datagrams(far_, f_.far, 5307), other = serve_datagrams(lab->host("b.h2"), f_.number == 6 ? "fd00:32::3" : "10.0.32.3", 5307);
  const std::string target = f_.number == 6 ? "fd00:32::3" : "10.0.32.3";
  const Process flood = lab->host("a.h2").start("exec socat -u -b 1200 /dev/zero UDP:" + at(f_.far, 5307));
  wait_until([&] { return udp_counter(a_, "up") > 20'000; }, 20s, "the flood");
  EXPECT_EQ(datagrams(lab->host("a.h1"), "stream", target, 5307, "300 1200 100").out, "300 of 300 back, in order, 0 changed\n");
  EXPECT_EQ(fetch(lab->host("a.h1"), f_.far, 81).exit, 7);  // refused: a connection is asked for and answered
}

}  // namespace
}  // namespace dvpn::lab
