// SPDX-License-Identifier: GPL-2.0-or-later
//
// A site that is behind two gateways, b and c: 10.0.60.0/24 (fd00:60::/64), where each has a host that says its name. Whatever happens to
// b, which comes first in the table, a's clients get c's host instead, within a bound, and before they are told of any failure; what is
// open stays open; and b gets its flows back when it has been up for a while, not before.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

constexpr const char* kTopology =
    "site a networks 10.0.31.0/24 fd00:31::/64 wan 203.0.113.1 2001:db8::1 hosts 1\n"
    "site b networks 10.0.40.0/24 fd00:40::/64 wan 203.0.113.2 2001:db8::2 hosts 1\n"
    "site c networks 10.0.42.0/24 fd00:42::/64 wan 203.0.113.3 2001:db8::3 hosts 1\n";
constexpr int kPort = 85;
constexpr double kDead = 3;     // seconds: a gateway that stops dead
constexpr double kClosed = 0.5;  // one that closes

Shared<Lab> lab([] {
  lab.make(kTopology);
  lab->step("install");
  for (const std::string name : {"b", "c"}) {
    for (const auto& [gateway, host] : {std::pair{"10.0.60.1/24", "10.0.60.2/24"}, std::pair{"fd00:60::1/64", "fd00:60::2/64"}}) {
      EXPECT_EQ(lab->host(name + ".gw").run(std::string("ip addr add ") + gateway + " dev lan0 nodad").exit, 0);
      EXPECT_EQ(lab->host(name + ".h1").run(std::string("ip addr add ") + host + " dev eth0 nodad").exit, 0);
    }
    const Site site = lab->site(name);
    for (const char* file : {"etc/relay.yaml", "etc/dvpnd.yaml"}) {
      std::string yaml = site.read(file);
      yaml.insert(yaml.find("networks: [") + 11, "\"10.0.60.0/24\", \"fd00:60::/64\", ");
      site.write(file, yaml);
    }
  }
  const Site a = lab->site("a");
  a.write("etc/hosts", a.read("etc/hosts") + "10.0.60.1 both #! 203.0.113.2,203.0.113.3 10.0.60.0/24\n"
                                             "fd00:60::1 both6 #! 203.0.113.2,203.0.113.3 fd00:60::/64\n");
  for (const char* line : {"backoff_min: 200ms", "backoff_max: 1s", "settle_time: 3s"}) configure(a, "ssh", line);
  configure(a, "daemon", "workers: 1");
  for (const char* step : {"sshd", "rules", "relay"}) lab->step(step);
});

/// The daemon at a is new for each test, and has had a flow through b.
class Failover : public testing::TestWithParam<const char*> {
 protected:
  const Site a_ = lab->site("a"), b_ = lab->site("b");
  const Host client_ = lab->host("a.h1");
  const Process at_b_ = lab->host("b.h1").serve(kPort, "say:b close"), at_c_ = lab->host("c.h1").serve(kPort, "say:c close");

  void SetUp() override {
    a_.write("log/dvpnd.log", "");
    start(*lab, "a", "daemon");
    ASSERT_TRUE(wait_until([&] { return through() == "b"; }, 10s, "b to serve"));
  }
  void TearDown() override { end(a_, "dvpnd", SIGTERM); }

  /// Who served one connection; else what became of it.
  std::string through() const {
    last_ = client_.talk(GetParam(), kPort, "read");
    if (last_.out == "read 2 bytes 0263829989b6, end\ndone\n") return "b";
    if (last_.out == "read 2 bytes a3a5e715f0cc, end\ndone\n") return "c";
    return last_.out;
  }

  mutable Result last_;

  /// The next connections are c's, each within so many seconds, and none fails.
  void c_serves(double each, int connections = 8) const {
    double worst = 0;
    for (int i = 0; i < connections; ++i) {
      EXPECT_EQ(through(), "c") << a_.log("dvpnd");
      EXPECT_LT(last_.seconds, each);
      worst = std::max(worst, last_.seconds);
    }
    RecordProperty("longest_connection_seconds", std::to_string(worst));
  }

  /// b is not used again before it has been up for settle_time, and then is.
  void b_gets_its_flows_back() const {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(wait_until([&] { return through() == "b"; }, 30s, "b to be used again")) << dvpn(a_, "gateways").out;
    EXPECT_GT(std::chrono::steady_clock::now() - begun, 2500ms);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(through(), "b");
  }
};

INSTANTIATE_TEST_SUITE_P(Families, Failover, testing::Values("10.0.60.2", "fd00:60::2"),
                         [](const auto& address) { return std::string(address.param).find(':') == std::string::npos ? "IPv4" : "IPv6"; });

TEST_P(Failover, AGatewayThatStopsDead) {
  const Process talker = lab->host("b.h1").serve(2001, "say:begun hear:on say:end close");
  Process open = client_.start(source_folder() + "/tests/lab/lib/peer connect " + GetParam() + " 2001 hear:begun pause:4000 say:on read");
  open_flow(a_, std::string(GetParam()).find(':') == std::string::npos ? "10.0.60.2:2001" : "\\[fd00:60::2\\]:2001");
  const Host wan = lab->wan();
  wan.run("iptables -I FORWARD 1 -d 203.0.113.2 -j DROP; iptables -I FORWARD 1 -s 203.0.113.2 -j DROP");
  c_serves(kDead);
  EXPECT_THAT(dvpn(a_, "gateways").out, ContainsRegex("203.0.113.2 +(silent|connecting)"));
  wan.run("iptables -D FORWARD 1; iptables -D FORWARD 1");
  b_gets_its_flows_back();
  // What was open has only been slow.
  EXPECT_THAT(open.wait(20s).out, HasSubstr("read 4 bytes"));
}

TEST_P(Failover, AnSshdThatStopsAnswering) {
  // (its listener goes on, and a new session with it is as good as c)
  const auto sessions = descendants(b_.pid("sshd"));
  for (const pid_t session : sessions) kill(session, SIGSTOP);
  for (int i = 0; i < 8; ++i) {
    EXPECT_THAT(through(), testing::AnyOf("b", "c"));
    EXPECT_LT(last_.seconds, kDead);
  }
  for (const pid_t session : sessions) kill(session, SIGCONT);
  EXPECT_TRUE(wait_until([&] { return through() == "b"; }, 30s, "b to be used again"));
}

TEST_P(Failover, AnSshdThatIsKilledWithItsSessions) {
  const auto sessions = descendants(b_.pid("sshd"));
  end(b_, "sshd", SIGKILL);
  for (const pid_t session : sessions) kill(session, SIGKILL);
  c_serves(kClosed);
  start(*lab, "b", "sshd");
  b_gets_its_flows_back();
}

TEST_P(Failover, ARelayThatIsNotThere) {
  end(b_, "dvpn-relay", SIGKILL);
  c_serves(kClosed);
  EXPECT_THAT(dvpn(a_, "gateways").out, ContainsRegex("203.0.113.2 +up"));  // it answers, and is no use
  start(*lab, "b", "relay");
}

TEST_P(Failover, ASiteThatTheGatewayCannotReach) {
  const Host gateway = lab->host("b.gw");
  gateway.run("ip route add unreachable 10.0.60.2/32; ip -6 route add unreachable fd00:60::2/128");
  c_serves(kClosed);
  gateway.run("ip route del unreachable 10.0.60.2/32; ip -6 route del unreachable fd00:60::2/128");
}

TEST_P(Failover, ATargetThatRefusesIsBelieved) {
  const Process elsewhere = lab->host("c.h1").serve(86, "say:c close");
  EXPECT_EQ(client_.talk(GetParam(), 86, "read").out, "refused\n");
}

}  // namespace
}  // namespace dvpn::lab
