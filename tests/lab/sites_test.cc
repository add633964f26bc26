// SPDX-License-Identifier: GPL-2.0-or-later
//
// More than two sites: the longest prefix decides between overlapping ones, a leaf reaches and is reached, and a second
// gateway of a line takes over from the first. One lab serves all tests:
//   a  an ordinary site                       b  10.0.40.0/22, which holds c's network as well
//   c  10.0.42.0/24                           d  a leaf without a LAN: one machine
// The network 10.0.60.0/24 (fd00:60::/64) is at b and at c: h1 of each is its host 2. Under 10.0.61.0/24 (fd00:61::/64) a
// reaches it as well, through b, after a gateway that swallows all packets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "fixture.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kTopology =
    "site a networks 10.0.31.0/24 fd00:31::/64 wan 203.0.113.1 2001:db8::1 hosts 1\n"
    "site b networks 10.0.40.0/22 fd00:40::/48 wan 203.0.113.2 2001:db8::2 hosts 1\n"
    "site c networks 10.0.42.0/24 fd00:40:0:2::/64 wan 203.0.113.3 2001:db8::3 hosts 1\n"
    "site d networks 10.0.34.0/24 fd00:34::/64 wan 203.0.113.4 2001:db8::4 role leaf lan no\n";

void add_shared_network();

Shared<Lab> lab([] {
  lab.make(kTopology);
  lab->step("install");
  add_shared_network();
  const Site a = lab->site("a");
  a.write("etc/hosts", a.read("etc/hosts") + "10.0.60.1 both #! 203.0.113.3,203.0.113.2 10.0.60.0/24\n"
                                             "fd00:60::1 both6 #! [2001:db8::3]:22,[2001:db8::2]:22 fd00:60::/64\n"
                                             "10.0.61.1 dark #! 203.0.113.9,203.0.113.2 10.0.61.0/24 map=10.0.60.0/24\n"
                                             "fd00:61::1 dark6 #! [2001:db8::9]:22,[2001:db8::2]:22 fd00:61::/64 map=fd00:60::/64\n");
  EXPECT_EQ(lab->wan().run("ip route add blackhole 203.0.113.9 && ip route add blackhole 2001:db8::9").exit, 0);
  const std::string pins = a.read("etc/known_hosts"), key = pins.substr(pins.find(' '), pins.find('\n') - pins.find(' ') + 1);
  a.write("etc/known_hosts", pins + "203.0.113.9" + key + "2001:db8::9" + key);
  std::string yaml = a.read("etc/dvpnd.yaml");
  yaml.insert(yaml.find("ssh:\n") + 5, "  connect_timeout: 1s\n  backoff_min: 100ms\n  backoff_max: 300ms\n  settle_time: 2s\n");
  a.write("etc/dvpnd.yaml", yaml);
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
  // A host of b that has the address of c's h1 would answer in its place.
  EXPECT_EQ(lab->host("b.h1").run("ip addr add 10.0.42.2/22 dev eth0 && ip addr add fd00:40:0:2::2/48 dev eth0 && ip addr add 10.0.41.77/22 dev eth0 && "
                                  "ip addr add fd00:40:0:1::77/48 dev eth0").exit, 0);
});

/// The network that two sites have: at each, its gateway and h1 are in it, and its relay may go there.
void add_shared_network() {
  for (const std::string name : {"b", "c"}) {
    for (const auto& [gateway, host] : {std::pair{"10.0.60.1/24", "10.0.60.2/24"}, std::pair{"fd00:60::1/64", "fd00:60::2/64"}}) {
      EXPECT_EQ(lab->host(name + ".gw").run(std::string("ip addr add ") + gateway + " dev lan0").exit, 0);
      EXPECT_EQ(lab->host(name + ".h1").run(std::string("ip addr add ") + host + " dev eth0").exit, 0);
    }
    const Site site = lab->site(name);
    for (const char* file : {"etc/relay.yaml", "etc/dvpnd.yaml"}) {
      std::string yaml = site.read(file);
      yaml.insert(yaml.find("networks: [") + 11, "\"10.0.60.0/24\", \"fd00:60::/64\", ");
      site.write(file, yaml);
    }
  }
}

std::string fetch(const char* from, const std::string& address, int port) {
  const Result result = lab->host(from).run("curl -sSg -m 8 http://" + address + ":" + std::to_string(port) + "/");
  return result.exit == 0 ? result.out : result.err;
}

TEST(OverlappingPrefixes, EachAddressLeadsToTheSiteOfTheLongestOne) {
  const Process b = lab->host("b.h1").serve_page(80, "b"), c = lab->host("c.h1").serve_page(80, "c");
  for (const char* from : {"a.h1", "a.gw", "d.gw"}) {
    EXPECT_EQ(fetch(from, "10.0.40.2", 80), "b\n") << from;
    EXPECT_EQ(fetch(from, "10.0.41.77", 80), "b\n") << from;
    EXPECT_EQ(fetch(from, "10.0.42.2", 80), "c\n") << from;
    EXPECT_EQ(fetch(from, "[fd00:40::2]", 80), "b\n") << from;
    EXPECT_EQ(fetch(from, "[fd00:40:0:1::77]", 80), "b\n") << from;
    EXPECT_EQ(fetch(from, "[fd00:40:0:2::2]", 80), "c\n") << from;
  }
}

TEST(OverlappingPrefixes, AHostIsReachedUnderTheAddressOfItsRealGateway) {
  // What the server sees is the relay that connects: c's own gateway, not b's.
  const Process c = lab->host("c.h1").serve_page(81, ""), b = lab->host("b.h1").serve_page(81, "");
  EXPECT_EQ(fetch("a.h1", "10.0.42.2", 81), "[0000:0000:0000:0000:0000:ffff:0a00:2a01]\n");
  EXPECT_EQ(fetch("a.h1", "10.0.40.2", 81), "[0000:0000:0000:0000:0000:ffff:0a00:2801]\n");
}

TEST(OverlappingPrefixes, TheSiteInsideReachesTheOneAround) {
  const Process b = lab->host("b.h1").serve_page(82, "b"), c = lab->host("c.h1").serve_page(82, "c");
  EXPECT_EQ(fetch("c.h1", "10.0.40.2", 82), "b\n");
  EXPECT_EQ(fetch("c.h1", "[fd00:40::2]", 82), "b\n");
  // Its own network stays its own.
  EXPECT_EQ(fetch("c.gw", "10.0.42.2", 82), "c\n");
  EXPECT_EQ(fetch("c.gw", "[fd00:40:0:2::2]", 82), "c\n");
  EXPECT_THAT(lab->site("c").log("dvpnd"), Not(HasSubstr("destination=10.0.42.2:82")));
}

TEST(Leaf, ReachesTheOthersWithItsOwnTraffic) {
  const Process a = lab->host("a.h1").serve_page(83, "a");
  EXPECT_EQ(fetch("d.gw", "10.0.31.2", 83), "a\n");
  EXPECT_EQ(fetch("d.gw", "[fd00:31::2]", 83), "a\n");
  EXPECT_THAT(lab->site("d").log("dvpnd"), HasSubstr("destination=10.0.31.2:83"));
}

TEST(Leaf, IsReachedUnderItsOwnAddress) {
  const Process d = lab->host("d.gw").serve_page(84, "d");
  EXPECT_EQ(fetch("a.h1", "10.0.34.1", 84), "d\n");
  EXPECT_EQ(fetch("a.h1", "[fd00:34::1]", 84), "d\n");
}

/// c's sshd is gone with all of its sessions: it refuses connections.
void stop_sshd_of_c() {
  const std::string pids = "ip netns pids dvpnlab-" + lab->id() + "-c.gw";
  run_here("for p in $(" + pids + "); do [[ $(cat /proc/$p/comm) != sshd ]] || kill -9 $p; done");
  EXPECT_TRUE(wait_until([] { return !lab->host("c.gw").listens(22); }, 5s, "the end of c's sshd"));
}

TEST(SecondGateway, TakesOverWhileTheFirstIsDownAndGivesBack) {
  const Process b = lab->host("b.h1").serve_page(85, "b"), c = lab->host("c.h1").serve_page(85, "c");
  for (const char* address : {"10.0.60.2", "[fd00:60::2]"}) EXPECT_EQ(fetch("a.h1", address, 85), "c\n");
  stop_sshd_of_c();
  for (const char* address : {"10.0.60.2", "[fd00:60::2]"}) {
    // (The flow that meets the dying session may still end with it.)
    EXPECT_TRUE(wait_until([&] { return fetch("a.h1", address, 85) == "b\n"; }, 5s, "b to take over"));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(fetch("a.h1", address, 85), "b\n");
  }
  lab->step("sshd", {"c"});
  for (const char* address : {"10.0.60.2", "[fd00:60::2]"})
    EXPECT_TRUE(wait_until([&] { return fetch("a.h1", address, 85) == "c\n"; }, 10s, "c to be preferred again"));
}

TEST(SecondGateway, TakesOverWhenTheFirstDoesNotAnswerAtAll) {
  const Process b = lab->host("b.h1").serve_page(86, "b");
  for (const char* address : {"10.0.61.2", "[fd00:61::2]"}) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(fetch("a.h1", address, 86), "b\n");
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_GT(took, 900ms);  // ssh.connect_timeout: the first one was tried
    EXPECT_LT(took, 4s);
  }
}

}  // namespace
}  // namespace dvpn::lab
