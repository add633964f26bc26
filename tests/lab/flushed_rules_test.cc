// SPDX-License-Identifier: GPL-2.0-or-later
//
// What another program's flushing of rules opens: nothing for hosts of the LAN. Whatever tables are emptied, the WAN sees no packet for a VPN
// prefix from there (rules/parts/stop.sh), and the host is told at once. With both variants of iptables and both families.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules_site.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

struct Family {
  int number;
  const char *far_host, *lan_host, *lan_gateway, *internet, *prefixes, *lan, *wan_gateway, *tool, *ip, *ping, *prohibited;
};
constexpr Family kFour{4, "10.0.32.2", "10.0.31.2", "10.0.31.1", "198.51.100.1", "10.0.0.0/8", "10.0.31.0/24", "203.0.113.1", "iptables", "ip ", "ping -4 ", "Packet filtered"};
constexpr Family kSix{6, "fd00:32::2", "fd00:31::2", "fd00:31::1", "2001:db8:9::1", "fc00::/7", "fd00:31::/64", "2001:db8::1", "ip6tables", "ip -6 ", "ping -6 ", "Administratively prohibited"};

using Case = std::tuple<std::string, int>;

class FlushedRules : public testing::TestWithParam<Case> {
 protected:
  FlushedRules() {
    const std::string host_bits = f.number == 6 ? "/128" : "/32";
    EXPECT_EQ(lab.wan().run("ip addr add " + std::string(f.internet) + host_bits + " dev lo && " + f.ip + "route replace " + f.lan + " via " + f.wan_gateway +
                            " dev a onlink && " + f.tool + " -t mangle -A PREROUTING -i a -d " + f.prefixes + " -j ACCEPT").exit, 0);
  }
  /// Packets for VPN prefixes that have come out of gateway a.
  int leaked() const {
    return std::stoi("0" + lab.wan().run(std::string(f.tool) + " -t mangle -L PREROUTING -vnx | awk 'NR == 3 { print $1 }'").out);
  }
  void flush(const std::string& tables) const {
    for (const std::string tool : {"iptables-", "ip6tables-"})
      EXPECT_EQ(gateway.run("for t in " + tables + "; do " + tool + std::get<0>(GetParam()) + " -w 10 -t $t -F || exit; done").exit, 0);
  }
  /// One packet of each kind: connections, SMB, datagrams, echo requests, and a protocol that nobody knows.
  void send_everything() const {
    const std::string bash = std::string("/dev/tcp/") + f.far_host;
    host.run("for port in 80 445; do timeout 0.4 bash -c \"exec 3<>" + bash + "/$port\" & done; echo x >/dev/udp/" + f.far_host + "/53; " + f.ping + "-c1 -W0.4 " + f.far_host +
             " & echo x | timeout 0.4 socat -u - IP" + std::to_string(f.number) + "-SENDTO:" + (f.number == 6 ? "[" + std::string(f.far_host) + "]" : f.far_host) + ":253 & wait");
  }

  const Family& f = std::get<1>(GetParam()) == 6 ? kSix : kFour;
  Lab lab{two_sites()};
  RulesSite site{lab, "a", std::get<0>(GetParam())};
  Host host = lab.host("a.h1"), gateway = lab.host("a.gw");
};

TEST_P(FlushedRules, LetNothingOfTheLanOut) {
  const auto expect_nothing = [&](const Dump& dump, const std::string& tables) {
    site.install(dump);
    // In the daemon's place: a rule that marks what would wait in the queue as refused.
    if (dump.gate == "hold") site.iptables("-t raw -I DVPN_HOLD 1 -p tcp -j MARK --set-xmark 0x9000000/0xf000000", f.number);
    flush(tables);
    send_everything();
    EXPECT_EQ(leaked(), 0) << tables << ", gate " << dump.gate;
  };
  expect_nothing(Dump{}, "filter");
  expect_nothing(Dump{}, "filter nat mangle");
  expect_nothing(Dump{.reject_smb = "yes", .gate = "accept-first"}, "filter");
  expect_nothing(Dump{}, "filter nat mangle raw");
  // And this is what keeps it in.
  ASSERT_EQ(gateway.run(f.ip + std::string("rule del pref 80")).exit, 0);
  EXPECT_TRUE(wait_until([&] {
    send_everything();
    return leaked() >= 4;
  }, 10s, "packets on the WAN"));
}

// (what follows does not depend on the variant)
class StopInRouting : public FlushedRules {};

TEST_P(StopInRouting, LeavesTheSiteItselfAndTheInternetReachable) {
  const Process local = gateway.serve_page(80, "gateway"), internet = lab.wan().serve_page(80, "internet"), near = host.serve_page(80, "host");
  site.install();
  for (const char* rules : {"standing", "flushed"}) {
    EXPECT_EQ(fetch(host, f.lan_gateway).out, "gateway\n") << rules;
    EXPECT_EQ(fetch(host, f.internet).out, "internet\n") << rules;
    EXPECT_EQ(fetch(gateway, f.internet).out, "internet\n") << rules;
    EXPECT_EQ(fetch(gateway, f.lan_host).out, "host\n") << rules;
    flush("filter nat mangle raw");
  }
}

TEST_P(StopInRouting, LeavesAHostToldOfIt) {
  site.install();
  // While they stand it is told as often as the kernel lets any error be told (six at once), afterwards more seldom in IPv4.
  const std::string six_pings = f.ping + std::string("-c6 -i0.3 -W2 ") + f.far_host + " | grep -c '" + f.prohibited + "'";
  EXPECT_EQ(host.run(six_pings).out, "6\n");
  flush("filter nat mangle raw");
  EXPECT_THAT(lab.host("a.h2").run(f.ping + std::string("-c1 -W2 ") + f.far_host).out, HasSubstr(f.prohibited));
  EXPECT_EQ(leaked(), 0);
}

TEST_P(StopInRouting, LeavesTracesAndSmbToTheRules) {
  site.install(Dump{.reject_smb = "yes", .gate = "accept-first"});
  const Process daemon = gateway.serve_page(9040, "caught");
  EXPECT_THAT(host.run(f.ping + std::string("-c1 -W2 -t1 ") + f.far_host).out, HasSubstr(f.number == 6 ? "Time exceeded" : "Time to live exceeded"));
  EXPECT_EQ(host.talk(f.far_host, 445, "read").out, "refused\n");
  EXPECT_EQ(fetch(host, f.far_host).out, "caught\n");
  EXPECT_EQ(leaked(), 0);
}

std::string name(const testing::TestParamInfo<Case>& each) { return std::get<0>(each.param) + "_IPv" + std::to_string(std::get<1>(each.param)); }
INSTANTIATE_TEST_SUITE_P(Matrix, FlushedRules, testing::Combine(testing::Values("nft", "legacy"), testing::Values(4, 6)), name);
INSTANTIATE_TEST_SUITE_P(Nft, StopInRouting, testing::Combine(testing::Values("nft"), testing::Values(4, 6)), name);

}  // namespace
}  // namespace dvpn::lab
