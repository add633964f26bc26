// SPDX-License-Identifier: GPL-2.0-or-later
//
// What clients of the gate hear when something of it fails: the daemon is killed, stopped or hangs; the session breaks while
// they wait; the queue is another's, is not allowed, or holds nothing; there is no room.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "gate_site.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

void add_shared_network();

Shared<Lab> lab([] {
  lab.make(two_sites("site c networks 10.0.33.0/24 fd00:33::/64 wan 203.0.113.3 2001:db8::3 hosts 1\n"));
  lab->step("install");
  add_shared_network();
  for (const char* line : {"backoff_min: 100ms", "backoff_max: 300ms", "connect_timeout: 2s"}) configure(lab->site("a"), "ssh", line);
  for (const char* step : {"sshd", "rules"}) lab->step(step);
  lab->step("relay", {"b", "c"});
});

/// A network that b and c both have; a goes there by c first.
constexpr const char* kShared = "10.0.60.2";

void add_shared_network() {
  for (const std::string name : {"b", "c"}) {
    ASSERT_EQ(lab->host(name + ".gw").run("ip addr add 10.0.60.1/24 dev lan0").exit, 0);
    ASSERT_EQ(lab->host(name + ".h1").run("ip addr add 10.0.60.2/24 dev eth0").exit, 0);
    for (const char* file : {"etc/relay.yaml", "etc/dvpnd.yaml"}) {
      std::string yaml = lab->site(name).read(file);
      yaml.insert(yaml.find("networks: [") + 11, "\"10.0.60.0/24\", ");
      lab->site(name).write(file, yaml);
    }
  }
  const Site a = lab->site("a");
  a.write("etc/hosts", a.read("etc/hosts") + "10.0.60.1 both #! 203.0.113.3,203.0.113.2 10.0.60.0/24\n");
}

class GateFault : public testing::Test {
 protected:
  const Site a_ = lab->site("a");
  const Host near_ = lab->host("a.h1"), far_ = lab->host("b.h1");
  const std::string yaml_ = a_.read("etc/dvpnd.yaml");

  void SetUp() override { a_.write("log/dvpnd.log", ""); }
  void TearDown() override {
    end(a_, "dvpnd", SIGTERM);
    a_.write("etc/dvpnd.yaml", yaml_);
    lab->step("rules", {"a"});
  }
  void start_daemon() const { start(*lab, "a", "daemon"); }
  void rules() const { lab->step("rules", {"a"}); }
  Process wait_at(const std::string& address, int port, const Host& from) const {
    return from.start(source_folder() + "/tests/lab/lib/peer connect " + address + " " + std::to_string(port) + " hear:hello read");
  }
  static constexpr const char* kServed = "read 0 bytes e3b0c44298fc, end\ndone\n";
};

TEST_F(GateFault, AfterAKillEverybodyIsRefusedAtOnce) {
  start_daemon();
  const Silence silence(far_, 2000);
  Process lan = wait_at("10.0.32.2", 2000, near_), own = wait_at("fd00:32::2", 2000, a_.gateway());
  wait_for_gate(a_, "held", 2);
  end(a_, "dvpnd", SIGKILL);
  for (const char* address : {"10.0.32.2", "fd00:32::2"})
    for (const Host& from : {near_, a_.gateway()}) {
      const Result result = from.talk(address, 2001, "read");
      EXPECT_EQ(result.out, "refused\n");
      EXPECT_LT(result.seconds, 0.8);
    }
  // Those who waited hear it with their next try.
  EXPECT_EQ(lan.wait(4s).out, "refused\n");
  EXPECT_EQ(own.wait(4s).out, "refused\n");
}

TEST_F(GateFault, AnOrderlyEndRefusesThoseWhoWait) {
  start_daemon();
  const Silence silence(far_, 2000);
  Process client = wait_at("10.0.32.2", 2000, near_);
  wait_for_gate(a_, "held", 1);
  const auto begun = std::chrono::steady_clock::now();
  end(a_, "dvpnd", SIGTERM);
  EXPECT_EQ(client.wait(2s).out, "refused\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
  EXPECT_THAT(a_.log("dvpnd"), testing::EndsWith("dvpnd stopped\n"));
}

TEST_F(GateFault, AHungDaemonIsReplacedAndThoseWhoWaitAreServed) {
  const Process server = far_.serve(2002, "say:hello close");
  const Process manager = a_.gateway().start("exec " + source_folder() + "/tests/lab/lib/manager " + a_.path("run/notify") + " 1500 " +
                                             DVPN_LAB_DVPND + " -c " + a_.path("etc/dvpnd.yaml"));
  ASSERT_TRUE(manager.wait_for_output("ready [0-9]+")) << manager.err();
  const pid_t hung = std::stoi(manager.out().substr(manager.out().find(' ')));
  ASSERT_EQ(near_.talk("10.0.32.2", 2002, "hear:hello read").out, kServed);
  ASSERT_EQ(kill(hung, SIGSTOP), 0);
  Process lan = wait_at("10.0.32.2", 2002, near_), own = wait_at("fd00:32::2", 2002, a_.gateway());
  ASSERT_TRUE(manager.wait_for_output("hung " + std::to_string(hung) + "[^]*ready", 6s)) << manager.out() << manager.err();
  EXPECT_EQ(lan.wait(6s).out, kServed);
  EXPECT_EQ(own.wait(6s).out, kServed);
}

TEST_F(GateFault, ASessionThatBreaksWhileAClientWaitsIsReplaced) {
  const Process server = far_.serve(2003, "say:hello close");
  start_daemon();
  ASSERT_EQ(near_.talk("10.0.32.2", 2003, "hear:hello read").out, kServed);
  // One that breaks in its first ten seconds counts as an attempt that failed, and the gateway as down for a while.
  const auto born = std::chrono::steady_clock::now();
  EXPECT_TRUE(wait_until([&] { return std::chrono::steady_clock::now() - born > 10s; }, 11s, "the session to be established"));
  Silence silence(far_, 2003);
  Process client = wait_at("10.0.32.2", 2003, near_);
  wait_for_gate(a_, "held", 1);
  EXPECT_TRUE(wait_until([&] { return count(lab->site("b").gateway().run("ss -Htn state syn-sent '( dport = :2003 )'").out, ":2003") == 1; }, 5s,
                         "the relay to connect"));
  for (const pid_t session : descendants(lab->site("b").pid("sshd"))) kill(session, SIGKILL);
  EXPECT_TRUE(wait_until([&] { return count(a_.log("dvpnd"), "session up") == 2; }, 5s, "another session"));
  silence.end();
  EXPECT_EQ(client.wait(6s).out, kServed);
  EXPECT_EQ(gate(a_, "bypassed"), 0u);
}

TEST_F(GateFault, WithoutAnotherSessionTheNextGatewayIsAsked) {
  const Process of_b = far_.serve(2004, "say:hello close");
  start_daemon();
  const Silence silence(lab->host("c.h1"), 2004);
  Process client = wait_at(kShared, 2004, near_);
  wait_for_gate(a_, "held", 1);
  EXPECT_TRUE(wait_until([&] { return count(lab->site("c").gateway().run("ss -Htn state syn-sent '( dport = :2004 )'").out, ":2004") == 1; }, 5s,
                         "c's relay to connect"));
  const Site c = lab->site("c");
  const std::vector<pid_t> sessions = descendants(c.pid("sshd"));
  end(c, "sshd", SIGKILL);
  for (const pid_t session : sessions) kill(session, SIGKILL);
  EXPECT_EQ(client.wait(6s).out, kServed);
  EXPECT_THAT(flow_line(a_, std::string(kShared) + ":2004", "done"), HasSubstr("gateway=203.0.113.2 "));
  start(*lab, "c", "sshd");
}

TEST_F(GateFault, WithNoGatewayLeftTheNetworkIsUnreachable) {
  start_daemon();
  const Silence silence(far_, 2005);
  Process client = wait_at("10.0.32.2", 2005, near_);
  wait_for_gate(a_, "held", 1);
  const Site b = lab->site("b");
  EXPECT_TRUE(wait_until([&] { return !descendants(b.pid("sshd")).empty(); }, 5s, "a session"));
  const std::vector<pid_t> sessions = descendants(b.pid("sshd"));
  end(b, "sshd", SIGKILL);
  for (const pid_t session : sessions) kill(session, SIGKILL);
  EXPECT_EQ(client.wait(6s).out, "ENETUNREACH\n");
  start(*lab, "b", "sshd");
}

TEST_F(GateFault, WhoGivesUpWhileASessionIsSetUpHasItsRoomBackAtOnce) {
  configure(a_, "limits", "flows_per_client: 1");
  start_daemon();
  const Process server = far_.serve(2020, "hold");
  signal(lab->site("b"), "sshd", SIGSTOP);  // its kernel takes the connection, and nobody says a word
  {
    const Knock client(near_, "10.0.32.2 2020 from=33020");
    wait_for_gate(a_, "held", 1);
  }
  const Knock again(near_, "10.0.32.2 2020 from=33020");
  flow_line(a_, "10.0.32.2:2020", "client-gone", 1s);
  signal(lab->site("b"), "sshd", SIGCONT);
  EXPECT_THAT(again.line(), StartsWith("open 1,"));
}

TEST_F(GateFault, AQueueOfAnotherProgramIsSaid) {
  const Process other = a_.gateway().start(std::string("exec ") + DVPN_LAB_DELAY_LINE + " 9040 9041");
  ASSERT_TRUE(other.wait_for_output("ready"));
  const Result daemon = a_.gateway().run(std::string(DVPN_LAB_DVPND) + " -c " + a_.path("etc/dvpnd.yaml"), 5s);
  EXPECT_EQ(daemon.exit, 1);
  EXPECT_EQ(daemon.err, "<3>netfilter queue 9040 is another program's (intercept.queue)\n");
}

TEST_F(GateFault, WithoutThePrivilegeConnectionsAreAcceptedFirst) {
  const Process server = far_.serve(2006, "say:hello close");
  const Process daemon = a_.gateway().start(std::string("exec setpriv --reuid dvpnd --regid dvpnd --clear-groups --bounding-set -all ") +
                                            DVPN_LAB_DVPND + " -c " + a_.path("etc/dvpnd.yaml"));
  ASSERT_TRUE(daemon.wait_for_output("ready")) << daemon.err();
  EXPECT_THAT(daemon.err(), HasSubstr("<3>no gate, connections are accepted first: netfilter queue 9040: Operation not permitted\n"));
  EXPECT_EQ(near_.talk("10.0.32.2", 2006, "hear:hello read").out, kServed);
  EXPECT_THAT(near_.talk("10.0.32.2", 2007, "read").out, HasSubstr(", reset"));
  EXPECT_THAT(dvpn(a_, "status").out, HasSubstr("degraded: there is no gate, connections are accepted first: netfilter queue 9040: "));
  daemon.kill(SIGTERM);
}

TEST_F(GateFault, WithoutTheRulesConnectionsComePastItAndItSaysSo) {
  const Process server = far_.serve(2008, "say:hello close");
  start_daemon();
  ASSERT_EQ(a_.gateway().run("iptables -t raw -F DVPN_PRE").exit, 0);
  EXPECT_EQ(near_.talk("10.0.32.2", 2008, "hear:hello read").out, kServed);
  EXPECT_EQ(gate(a_, "bypassed"), 1u);
  EXPECT_THAT(flow_line(a_, "10.0.32.2:2008", "done"), HasSubstr(" gate=accept-first "));
  const Result status = dvpn(a_, "status");
  EXPECT_EQ(status.exit, 1);
  EXPECT_THAT(status.out, HasSubstr("degraded: connections come past the gate, and none is held; dvpn-rules install\n"));
  rules();
  EXPECT_EQ(near_.talk("10.0.32.2", 2008, "hear:hello read").out, kServed);
  EXPECT_EQ(gate(a_, "bypassed"), 1u);
  EXPECT_EQ(dvpn(a_, "status").exit, 0);
}

TEST_F(GateFault, ThatAnotherProgramHasFlushedTheRulesIsSaidUnasked) {
  start_daemon();
  const auto said = [&](const char* words) { return count(a_.log("dvpnd"), words) == 1; };
  ASSERT_EQ(a_.gateway().run("for i in iptables ip6tables; do for t in raw mangle nat filter; do $i -w 10 -t $t -F; done; done").exit, 0);
  EXPECT_TRUE(wait_until([&] { return said("<3>the firewall rules are gone, another program has flushed them: "); }, 5s, "the daemon to notice"));
  EXPECT_EQ(dvpn(a_, "status").exit, 1);
  rules();
  EXPECT_TRUE(wait_until([&] { return said("<6>the firewall rules are in place"); }, 5s, "the daemon to notice again"));
  EXPECT_EQ(dvpn(a_, "status").exit, 0);
}

TEST_F(GateFault, ItCanBeTurnedOff) {
  configure(a_, "intercept", "gate: accept-first");
  rules();
  start_daemon();
  const Process server = far_.serve(2009, "say:hello close");
  EXPECT_EQ(near_.talk("10.0.32.2", 2009, "hear:hello read").out, kServed);
  EXPECT_THAT(near_.talk("10.0.32.2", 2010, "read").out, HasSubstr(", reset"));
  EXPECT_THAT(dvpn(a_, "status").out, HasSubstr("  gate      accept-first\n"));
}

TEST_F(GateFault, BeyondTheLimitConnectionsAreAcceptedFirst) {
  start_daemon();
  configure(a_, "limits", "held: 3");
  reload(a_);
  const Silence silence(far_, 2011);
  const Knock held(near_, "10.0.32.2 2011 times=3");
  wait_for_gate(a_, "held", 3);
  const Knock more(near_, "10.0.32.2 2011 times=2 for=5");
  EXPECT_THAT(more.line(), StartsWith("open 2,"));
  EXPECT_EQ(gate(a_, "held"), 3u);
  EXPECT_EQ(gate(a_, "over_limit"), 2u);
  EXPECT_EQ(gate(a_, "bypassed"), 2u);
}

TEST_F(GateFault, OthersBitsOfTheMarkAreLeftAlone) {
  const std::string mark = "iptables -t raw -I PREROUTING 1 -i lan0 -p tcp --syn -j MARK --set-xmark 0xa5/0xff",
                    count = "iptables -t mangle -A FORWARD -m mark --mark 0x000800a5";
  configure(a_, "rules", "mark: 0x000f0000");
  rules();
  start_daemon();
  ASSERT_EQ(a_.gateway().run(mark + " && " + count).exit, 0);
  EXPECT_EQ(near_.talk("10.0.32.2", 2012, "read").out, "refused\n");
  EXPECT_EQ(a_.gateway().run("iptables -t mangle -L FORWARD -vnx | awk 'NR == 3 { print $1 }'").out, "1\n");
  a_.gateway().run("iptables -t raw -D PREROUTING 1; iptables -t mangle -F FORWARD");
}

}  // namespace
}  // namespace dvpn::lab
