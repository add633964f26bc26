// SPDX-License-Identifier: GPL-2.0-or-later
//
// A host hears what the far side hears: refused, unreachable, prohibited, silence, or a connection, and that not before the
// far side has one. With both variants of iptables and in both families; hosts of the LAN and the gateway itself; through
// the relay, and through a plain sshd as far as it tells.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "gate_site.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

void make_direct();

Shared<Lab> lab([] {
  lab.make(two_sites("site c networks 10.0.33.0/24 fd00:33::/64 wan 203.0.113.3 2001:db8::3 hosts 1\n"));
  lab->step("install");
  make_direct();
  const Site b = lab->site("b");
  b.write("etc/relay.yaml", b.read("etc/relay.yaml") +
                                "connect_timeout: 2s\n"
                                "access: [{account: dvpn, to: [10.0.32.0/24, \"fd00:32::/64\"], ports: [1-2999]}]\n");
  // A dead host is known to be one after a second, and not after three. The last quarter of the network has no route.
  for (const char* gateway : {"b.gw", "c.gw"})
    lab->host(gateway).run("sysctl -q net.ipv4.neigh.lan0.mcast_solicit=1 net.ipv6.neigh.lan0.mcast_solicit=1");
  ASSERT_EQ(lab->host("b.gw").run("ip route add throw 10.0.32.192/26 && ip -6 route add throw fd00:32::c0/122").exit, 0);
  for (const char* step : {"sshd", "rules"}) lab->step(step);
  lab->step("relay", {"b"});
  lab->step("daemon", {"a"});
});
std::string installed;  // the variant at a

/// Site c's sshd lets a's key in as an ordinary account; a's table goes there directly.
void make_direct() {
  const Site a = lab->site("a"), c = lab->site("c");
  c.write("sshd/sshd_config", c.read("sshd/sshd_config") + "PermitRootLogin prohibit-password\nAuthorizedKeysFile " + c.path("etc/direct_keys") + "\n");
  c.write("etc/direct_keys", a.read("etc/id_ed25519.pub"));
  const Result edited = run_here("sed -i -e 's/#! 203.0.113.3\\(.*\\)/#! root@203.0.113.3\\1 via=direct/' "
                                 "-e 's/#! \\[2001:db8::3\\]:22\\(.*\\)/#! root@[2001:db8::3]:22\\1 via=direct/' " + a.path("etc/hosts"));
  ASSERT_EQ(edited.exit, 0) << edited.err;
}

/// The same roles in each family.
struct Case {
  const char* variant;
  int number;
  const char *far, *dead, *no_route, *direct, *direct_dead;
  const char* prohibited;  // the error that says so
};
void PrintTo(const Case& each, std::ostream* out) { *out << each.variant << each.number; }

constexpr Case with(const char* variant, int family) {
  if (family == 4) return {variant, 4, "10.0.32.2", "10.0.32.99", "10.0.32.200", "10.0.33.2", "10.0.33.99", "EHOSTUNREACH\n"};
  return {variant, 6, "fd00:32::2", "fd00:32::63", "fd00:32::c8", "fd00:33::2", "fd00:33::63", "EACCES\n"};
}

class Gate : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (installed == c.variant) return;
    const Result rules = a_.gateway().run(source_folder() + "/rules/dvpn-rules --variant " + c.variant + " -c " + a_.path("etc/dvpnd.yaml") +
                                          " --dvpnd " + DVPN_LAB_DVPND + " install");
    ASSERT_EQ(rules.exit, 0) << rules.err;
    installed = c.variant;
  }
  void TearDown() override { EXPECT_EQ(gate(a_, "bypassed"), 0u); }

  /// What a connection to there hears, from a host of the LAN and from the gateway; within a second more than it takes.
  void hears(const char* address, int port, const std::string& what, double seconds) {
    for (const Host& from : {lab->host("a.h1"), a_.gateway()}) {
      const Result result = from.talk(address, port, "read");
      EXPECT_EQ(result.out, what) << from.name();
      EXPECT_LT(result.seconds, seconds + 1) << from.name();
    }
  }
  std::string endpoint(const std::string& address, int port) const {
    return (c.number == 6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
  }

  const Case& c = GetParam();
  const Site a_ = lab->site("a");
  const Host far_ = lab->host("b.h1");
};

INSTANTIATE_TEST_SUITE_P(Matrix, Gate, testing::Values(with("nft", 4), with("nft", 6), with("legacy", 4), with("legacy", 6)),
                         [](const auto& each) { return each.param.variant + std::string("_IPv") + std::to_string(each.param.number); });

TEST_P(Gate, AClosedPortIsRefused) {
  hears(c.far, 2001, "refused\n", 0);
  EXPECT_THAT(flow_line(a_, endpoint(c.far, 2001), "refused"), HasSubstr(" gate=hold "));
}

TEST_P(Gate, ADeadHostIsUnreachable) { hears(c.dead, 2001, "EHOSTUNREACH\n", 1); }

TEST_P(Gate, ANetworkWithoutARouteIsUnreachable) { hears(c.no_route, 2001, "ENETUNREACH\n", 0); }

TEST_P(Gate, WhatTheRelaysListForbidsIsProhibited) {
  const Process server = far_.serve(3000, "say:hello close");
  hears(c.far, 3000, c.prohibited, 0);
}

TEST_P(Gate, SilenceIsSilence) {
  const Silence silence(far_, 2002);
  for (const Host& from : {lab->host("a.h1"), a_.gateway()}) {
    const auto silent = gate(a_, "silence");
    const Knock knock(from, std::string(c.far) + " 2002 for=3");
    EXPECT_THAT(knock.line(), HasSubstr("silent 1,"));
    EXPECT_GE(gate(a_, "silence"), silent + 1);
  }
  flow_line(a_, endpoint(c.far, 2002), "timed-out");
  EXPECT_EQ(a_.gateway().run("ss -Htn state established '( sport = :9040 )' | wc -l").out, "0\n");
}

TEST_P(Gate, NobodyIsConnectedBeforeTheFarSideIs) {
  const Process server = far_.serve(2003, "say:hello hear:there close");
  for (const Host& from : {lab->host("a.h1"), a_.gateway()}) {
    Silence silence(far_, 2003);
    Process client = from.start(source_folder() + "/tests/lab/lib/peer connect " + c.far + " 2003 hear:hello say:there read");
    // Its own kernel says whether it is connected; on the LAN it has tried again meanwhile.
    const std::string waiting = "ss -Htn state syn-sent '( dport = :2003 )' | wc -l", connected = "ss -Htn state established '( dport = :2003 )' | wc -l";
    wait_for_gate(a_, "held", 1);
    EXPECT_TRUE(wait_until([&] { return from.run(waiting).out == "1\n"; }, 5s, "the SYN"));  // (held may be one of an earlier test)
    if (from.name() == "a.h1") wait_for_gate(a_, "copies", 1);
    EXPECT_EQ(from.run(connected).out, "0\n");
    silence.end();
    EXPECT_EQ(client.wait(5s).out, "read 0 bytes e3b0c44298fc, end\ndone\n");
  }
}

TEST_P(Gate, AServerThatSpeaksAndEndsAtOnceIsHeardWhole) {
  const Process server = far_.serve(2004, "say:220-ready send:300000 close");
  for (const Host& from : {lab->host("a.h1"), a_.gateway()})
    for (int i = 0; i < 5; ++i)
      EXPECT_THAT(from.talk(c.far, 2004, "hear:220-ready read").out, testing::MatchesRegex("read 300000 bytes [0-9a-f]+, end\ndone\n"));
}

TEST_P(Gate, WithoutARelayTheErrorsAreThoseThatSshdTells) {
  hears(c.direct, 2001, "refused\n", 0);
  hears(c.direct_dead, 2001, "EHOSTUNREACH\n", 1);
  const Process server = lab->host("c.h1").serve(2005, "say:hello close");
  hears(c.direct, 2005, "read 6 bytes 5891b5b522d5, end\ndone\n", 0);
  const Silence silence(lab->host("c.h1"), 2006);
  const Knock knock(lab->host("a.h1"), std::string(c.direct) + " 2006 for=2");
  EXPECT_THAT(knock.line(), HasSubstr("silent 1,"));
}

}  // namespace
}  // namespace dvpn::lab
