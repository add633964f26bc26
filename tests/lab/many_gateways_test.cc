// SPDX-License-Identifier: GPL-2.0-or-later
//
// Many gateways that are all in use, each a stock sshd of its own, and many connections to one: what their sshds see at the start, after an
// outage of all of them, and under a flood, stays far within what they tolerate. Counted in what they log themselves.
//
// DVPN_GATEWAYS=1000 says how many (60). They are sshds on as many addresses of one far machine, with one relay.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <sstream>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kPort = 3000;
constexpr std::size_t kAtOnce = 4;  // ssh.handshakes_per_gateway
constexpr int kWorkers = 16;

int gateways() {
  const char* const wanted = std::getenv("DVPN_GATEWAYS");
  return wanted != nullptr ? std::atoi(wanted) : 60;
}
Duration long_enough() { return 20s + Duration(60 * gateways()); }

/// 198.18.0.1, 198.18.0.2... and 10.77.0.1...: the same number of each.
std::string numbered(const char* network, int number) { return std::string(network) + "." + std::to_string(number / 256) + "." + std::to_string(number % 256); }

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->step("install");
  const Site a = lab->site("a");
  std::string table = a.read("etc/hosts"), pins = a.read("etc/known_hosts");
  const std::string key = pins.substr(pins.find("203.0.113.2 ") + 11, pins.find('\n', pins.find("203.0.113.2 ")) - pins.find("203.0.113.2 ") - 11);
  for (int i = 1; i <= gateways(); ++i) {
    table += numbered("10.77", i) + " g" + std::to_string(i) + " #! " + numbered("198.18", i) + ":2222 " + numbered("10.77", i) + "/32 map=10.0.32.2/32\n";
    pins += "[" + numbered("198.18", i) + "]:2222" + key + "\n";
  }
  a.write("etc/hosts", table);
  a.write("etc/known_hosts", pins);
  for (const char* line : {"keepalive: 2s", "keepalive_misses: 2", "backoff_min: 500ms", "backoff_max: 4s"}) configure(a, "ssh", line);
  if (gateways() < 200) configure(a, "ssh", "connect_timeout: 4s");  // (all sshds are on this machine, and share its processors)
  configure(lab->site("b"), "rules", "sshd_ports: [22, 2222]");
  for (const char* line : {"flows_per_client: 20000", "held_per_client: 10000"}) configure(a, "limits", line);
  EXPECT_EQ(lab->host("b.gw").run("ip route add local 198.18.0.0/16 dev lo").exit, 0);
  EXPECT_EQ(lab->wan().run("ip route add 198.18.0.0/16 via 203.0.113.2 dev b onlink").exit, 0);
  for (const char* step : {"sshd", "rules", "relay"}) lab->step(step);
});

/// What an sshd has logged: how often somebody connected, how many at once had not authenticated, what it refused.
struct Seen {
  std::size_t connections = 0, accepted = 0, most_unauthenticated = 0, refusals = 0, unfinished = 0;
};
Seen read_log(const std::string& log) {
  Seen seen;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    seen.connections += line.starts_with("Connection from ");
    seen.accepted += line.starts_with("Accepted publickey ");
    seen.refusals += line.find("MaxStartups") != std::string::npos || line.find("drop connection") != std::string::npos;
    seen.unfinished += line.find("[preauth]") != std::string::npos && (line.find("losed") != std::string::npos || line.find("reset") != std::string::npos);
    if (seen.connections > seen.accepted) seen.most_unauthenticated = std::max(seen.most_unauthenticated, seen.connections - seen.accepted);
  }
  return seen;
}

Process crowd(const std::string& address, int count) {
  return lab->host("a.h1").start("exec " + source_folder() + "/tests/lab/lib/crowd connect " + address + ' ' + std::to_string(kPort) + ' ' + std::to_string(count));
}
std::string answered(int count) { return std::to_string(count) + " answered, 0 reset\n"; }

class ManyGateways : public testing::Test {
 protected:
  const Site a_ = lab->site("a"), b_ = lab->site("b");
  Process server_ = lab->host("b.h1").start("exec " + source_folder() + "/tests/lab/lib/crowd serve " + std::to_string(kPort));

  void SetUp() override {
    ASSERT_TRUE(server_.wait_for_output("listening")) << server_.err();
    start(*lab, "a", "daemon");
  }
  void TearDown() override { end(a_, "dvpnd", SIGKILL); }
};

TEST_F(ManyGateways, AreAllConnectedToOnceAndAllComeBackAfterAnOutage) {
  const Process sshds = lab->host("b.gw").start("for i in $(seq " + std::to_string(gateways()) + "); do /usr/sbin/sshd -D -e -f " + b_.path("sshd/sshd_config") +
                                                " -o Port=2222 -o ListenAddress=198.18.$((i / 256)).$((i % 256)) & done; wait");
  ASSERT_TRUE(wait_until([&] { return count(sshds.err(), "Server listening on") == static_cast<std::size_t>(gateways()); }, long_enough(), "the sshds"));
  const auto begun = std::chrono::steady_clock::now();
  const auto seconds = [](auto from) { return std::to_string(std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count()).substr(0, 5); };
  {
    Process clients = crowd("10.77.0.1+" + std::to_string(gateways() - 1), gateways());
    ASSERT_TRUE(clients.wait_for_output("answered", long_enough()));
    EXPECT_EQ(clients.out(), answered(gateways())) << a_.log("dvpnd").substr(0, 4000);
    RecordProperty("gateways", std::to_string(gateways()));
    RecordProperty("all_served_after_seconds", seconds(begun));
    const Seen at_start = read_log(sshds.err());
    EXPECT_EQ(at_start.connections, static_cast<std::size_t>(gateways()));
    EXPECT_EQ(at_start.accepted, at_start.connections);
    EXPECT_EQ(at_start.refusals + at_start.unfinished, 0u);
    RecordProperty("connections_at_the_start", std::to_string(at_start.connections));
    RecordProperty("daemon_KiB", status_of(a_.pid("dvpnd"), "VmRSS").substr(0, 9));
    RecordProperty("daemon_descriptors", std::to_string(descriptors(a_.pid("dvpnd"))));

    lab->wan().run("for i in iptables ip6tables; do $i -w 10 -I FORWARD 1 -j DROP; done");
    EXPECT_TRUE(wait_until([&] { return count(a_.log("dvpnd"), "session lost") >= static_cast<std::size_t>(gateways()); }, long_enough(), "the sessions to be lost"));
  }
  // Everybody tries during the outage, and goes on trying.
  std::vector<Process> trying;
  trying.push_back(crowd("10.77.0.1+" + std::to_string(gateways() - 1), gateways()));
  EXPECT_TRUE(trying.back().wait_for_output("answered", long_enough()));
  EXPECT_THAT(trying.back().out(), HasSubstr("not connected"));
  const std::size_t before = read_log(sshds.err()).connections;
  lab->wan().run("for i in iptables ip6tables; do $i -w 10 -D FORWARD 1; done");
  const auto mended = std::chrono::steady_clock::now();
  const auto all_back = [&] {
    trying.push_back(crowd("10.77.0.1+" + std::to_string(gateways() - 1), gateways()));
    return trying.back().wait_for_output("answered", long_enough()) && trying.back().out() == answered(gateways());
  };
  EXPECT_TRUE(wait_until(all_back, long_enough(), "all gateways to serve again"));
  RecordProperty("all_back_after_seconds", seconds(mended));
  const Seen after = read_log(sshds.err());
  EXPECT_LE(after.connections - before, 3u * static_cast<std::size_t>(gateways()));
  EXPECT_EQ(after.refusals, 0u);
  RecordProperty("connections_after_the_outage", std::to_string(after.connections - before));
  RecordProperty("refused_by_an_sshd", std::to_string(after.refusals));
}

TEST_F(ManyGateways, AFloodToOneStaysFarBelowMaxStartups) {
  constexpr int kFlood = 3000;
  const Reconfigured workers(*lab, "a", "daemon", "workers: " + std::to_string(kWorkers));
  const std::string already = b_.log("sshd");
  Process clients = crowd("10.0.32.2", kFlood);
  ASSERT_TRUE(clients.wait_for_output("answered", 60s));
  EXPECT_EQ(clients.out(), answered(kFlood)) << a_.log("dvpnd").substr(0, 4000);
  const Seen seen = read_log(b_.log("sshd").substr(already.size()));
  EXPECT_GT(seen.connections, static_cast<std::size_t>(kWorkers));  // all workers have some, or this shows nothing
  EXPECT_LE(seen.most_unauthenticated, kAtOnce);
  EXPECT_EQ(seen.refusals + seen.unfinished, 0u);
  RecordProperty("flows", std::to_string(kFlood));
  RecordProperty("workers", std::to_string(kWorkers));
  RecordProperty("sessions", std::to_string(seen.accepted));
  RecordProperty("most_unauthenticated_at_once", std::to_string(seen.most_unauthenticated));
}

}  // namespace
}  // namespace dvpn::lab
