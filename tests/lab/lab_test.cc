// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lab itself: what its network does before dvpn is there, what its delay line does, that it leaves nothing behind.

#include <gtest/gtest.h>
#include <signal.h>

#include "fixture.h"

namespace dvpn::lab {
namespace {

TEST(Network, HostsOfOneSiteReachEachOther) {
  const Lab lab(two_sites());
  const Process server = lab.host("a.h2").serve_page(80, "hello");
  EXPECT_EQ(lab.host("a.h1").run("curl -s http://10.0.31.3/").out, "hello\n");
  EXPECT_EQ(lab.host("a.h1").run("curl -s 'http://[fd00:31::3]/'").out, "hello\n");
}

TEST(Network, HostsOfDifferentSitesDoNotWithoutDvpn) {
  const Lab lab(two_sites());
  const Process server = lab.host("b.h1").serve_page(80, "hello");
  EXPECT_NE(lab.host("a.h1").run("curl -s -m 1 http://10.0.32.2/").exit, 0);
  EXPECT_NE(lab.host("a.h1").run("curl -s -m 1 'http://[fd00:32::2]/'").exit, 0);
}

TEST(Network, GatewaysReachEachOtherOverTheWan) {
  const Lab lab(two_sites());
  const Process server = lab.host("b.gw").serve_page(80, "hello");
  EXPECT_EQ(lab.host("a.gw").run("curl -s http://203.0.113.2/").out, "hello\n");
  EXPECT_EQ(lab.host("a.gw").run("curl -s 'http://[2001:db8::2]/'").out, "hello\n");
}

TEST(Network, InstalledSitesKnowEachOthersNames) {
  Lab lab(two_sites());
  lab.step("install");
  EXPECT_EQ(lab.host("a.h1").run("getent ahostsv4 h2.b | head -n1 | cut -d' ' -f1").out, "10.0.32.3\n");
  EXPECT_EQ(lab.host("a.h1").run("getent ahostsv6 h2.b | head -n1 | cut -d' ' -f1").out, "fd00:32::3\n");
}

/// How long a TCP connection from a.gw to b.gw takes, the shortest of fifteen, so that a busy machine does not count; one
/// round trip.
double connect_seconds(const Lab& lab, const std::string& address) {
  const Result result = lab.host("a.gw").run(
      "for i in {1..15}; do curl -s -o /dev/null -w '%{time_connect}\\n' 'http://" + address +
      "/'; done | sort -n | head -n1");
  return std::stod("0" + result.out);
}

TEST(DelayLine, DelaysEachWay) {
  const Lab lab(two_sites("link b delay 40ms\n"));
  const Process server = lab.host("b.gw").serve_page(80, "hello");
  EXPECT_NEAR(connect_seconds(lab, "203.0.113.2"), 0.080, 0.006);
  EXPECT_NEAR(connect_seconds(lab, "[2001:db8::2]"), 0.080, 0.006);
}

TEST(DelayLine, OfBothLinksAddUp) {
  const Lab lab(two_sites("link a delay 10ms\nlink b delay 20ms\n"));
  const Process server = lab.host("b.gw").serve_page(80, "hello");
  EXPECT_NEAR(connect_seconds(lab, "203.0.113.2"), 0.060, 0.006);
}

TEST(DelayLine, LimitsTheRate) {
  const Lab lab(two_sites("link b rate 40mbit\n"));
  const Host client = lab.host("a.gw"), server = lab.host("b.gw");
  Process sink = server.start("socat -u TCP-LISTEN:9,reuseaddr OPEN:/dev/null");
  ASSERT_TRUE(wait_until([&] { return server.listens(9); }, 10s, "the sink"));
  const Result sent = client.run("head -c 10000000 /dev/zero | socat -u - TCP:203.0.113.2:9");
  EXPECT_EQ(sent.exit, 0) << sent.err;
  sink.wait(20s);
  EXPECT_NEAR(sink.wait().seconds, 2.0, 0.5);
}

TEST(DelayLine, LosesItsShareOfPackets) {
  const Lab lab(two_sites("link b loss 30%\n"));
  const Process counter = lab.host("b.gw").start(
      "socat -u UDP-RECVFROM:9,fork SYSTEM:'echo got'");
  ASSERT_TRUE(wait_until([&] { return !lab.host("b.gw").run("ss -Hlun 'sport = :9'").out.empty(); }, 10s, "the counter"));
  const Result sent = lab.host("a.gw").run("for i in {1..400}; do echo x >/dev/udp/203.0.113.2/9; done");
  EXPECT_EQ(sent.exit, 0) << sent.err;
  lab.host("wan").run("for p in $(ip netns pids dvpnlab-" + lab.id() + "-wan); do grep -q delay_line /proc/$p/comm && kill $p; done");
  const Site wan = lab.site("wan");  // (the second site's link has queues 2, from it, and 3, to it)
  ASSERT_TRUE(wait_until([&] { return wan.read("line-b.log").find("queue 3:") != std::string::npos; }, 5s, "the statistics"));
  const Result lost = run_here("sed -nE 's/^queue 3: .* ([0-9]+) lost.*/\\1/p' " + wan.path("line-b.log"));
  EXPECT_NEAR(std::stod("0" + lost.out), 120, 45) << wan.read("line-b.log");
}

std::string traces_of(const std::string& id) {
  return run_here("ip netns list | grep -- -" + id + "-; ls -d /etc/netns/*-" + id + "-* /run/dvpn-lab/" + id +
                  " 2>/dev/null; pgrep -f -- 'watchdog .* " + id + "$'").out;
}

TEST(Lifetime, TwoLabsRunSideBySide) {
  const Lab one(two_sites()), two(two_sites());
  ASSERT_NE(one.id(), two.id());
  const Process first = one.host("a.h2").serve_page(80, "one"), second = two.host("a.h2").serve_page(80, "two");
  EXPECT_EQ(one.host("a.h1").run("curl -s http://10.0.31.3/").out, "one\n");
  EXPECT_EQ(two.host("a.h1").run("curl -s http://10.0.31.3/").out, "two\n");
}

TEST(Lifetime, NothingIsLeftAfterDown) {
  Lab lab(two_sites("link b delay 1ms\n"));
  lab.step("install");
  lab.step("sshd");
  const std::string id = lab.id();
  ASSERT_NE(traces_of(id), "");
  lab.down();
  EXPECT_EQ(traces_of(id), "");
}

TEST(Lifetime, ALabGoesWithItsOwner) {
  // The owner is a process that we end by force, as a crash would.
  Process owner({"sleep", "60"});
  const Result up = run_here("printf '%s\\n' '" + two_sites() + "' | " + source_folder() + "/tests/lab/lab --owner " +
                             std::to_string(owner.pid()) + " up");
  ASSERT_EQ(up.exit, 0) << up.err;
  const std::string id = up.out.substr(0, up.out.find('\n'));
  ASSERT_NE(traces_of(id), "");
  owner.kill(SIGKILL);
  owner.wait();
  EXPECT_TRUE(wait_until([&] { return traces_of(id).empty(); }, 10s, "the watchdog"));
}

TEST(Lifetime, ABrokenTopologyLeavesNothing) {
  EXPECT_THROW(Lab("site a networks 10.0.31.0/24\n"), std::runtime_error);
  EXPECT_THROW(Lab("site a networks 10.0.31.0/24 wan 203.0.113.1 hosts 1\nlink b delay 1ms\n"), std::runtime_error);
  EXPECT_THROW(Lab("site a networks 10.0.31.0/24 wan nonsense hosts 1\n"), std::runtime_error);
  EXPECT_EQ(run_here("for d in /run/dvpn-lab/*/; do grep -l nonsense $d/topology; done 2>/dev/null").out, "");
}

}  // namespace
}  // namespace dvpn::lab
