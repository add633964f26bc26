// SPDX-License-Identifier: GPL-2.0-or-later
//
// What others get out of a site that they should not: peers with a key from its relay, neighbours on the WAN from its
// gateway, local users from its control socket. And what leaves a gateway whose daemon is down.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

constexpr const char* kOk = "status 0\n";  // as wire/status.h numbers them
constexpr const char* kProhibited = "status 5\n";

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->step("install");
  // A second account of a peer at b.
  const std::string etc = "/etc/netns/dvpnlab-" + lab->id() + "-b.gw/";
  run_here("echo second:x:64305:64302::/nonexistent:/usr/sbin/nologin >>" + etc + "passwd");
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
});

std::string ask(const std::string& socket, const std::string& target, const std::string& then = "") {
  return source_folder() + "/tests/lab/lib/ask " + socket + " " + target + " " + then;
}

class Relay : public testing::Test {
 protected:
  const Site a_ = lab->site("a"), b_ = lab->site("b");
  const Host here_ = lab->host("a.gw"), there_ = lab->host("b.gw");

  /// On b itself, as one of the accounts that peers log in to. (Root opens the script: the tree may lie where only root can look.)
  std::string as(const std::string& account, const std::string& target, const std::string& then = "") const {
    const std::string uid = account == "dvpn" ? "64304" : "64305";
    return "setpriv --reuid " + uid + " --regid 64302 --clear-groups /usr/bin/python3 - " + b_.path("gaol/run/relay.sock") + " " + target +
           " " + then + " <" + source_folder() + "/tests/lab/lib/ask";
  }
  std::string asked_by(const std::string& account, const std::string& target) const { return there_.run(as(account, target)).out; }
  void change_access(const std::string& rules) const {
    const std::size_t before = count(b_.log("relay"), "reloaded");
    b_.write("etc/relay.yaml", plain_ + rules);
    signal(b_, "dvpn-relay", SIGHUP);
    wait_until([&] { return count(b_.log("relay"), "reloaded") > before; }, 10s, "the relay's reload");
  }
  void TearDown() override {
    if (b_.read("etc/relay.yaml") != plain_) change_access("");
  }
  const std::string plain_ = b_.read("etc/relay.yaml");
};

TEST_F(Relay, TakesAPeerWithTheSitesKeyToTheSitesNetworksAndNowhereElse) {
  const std::string own = a_.path("run/forward.sock");
  const Process tunnel = here_.start("exec ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=" +
                                     a_.path("etc/known_hosts") + " -o IdentitiesOnly=yes -i " + a_.path("etc/id_ed25519") +
                                     " -N -L " + own + ":/run/relay.sock dvpn@203.0.113.2");
  ASSERT_TRUE(wait_until([&] { return run_here("test -S " + own).exit == 0; }, 10s, "ssh"));
  const Process everywhere = there_.serve(4000, "hold"), host = lab->host("b.h1").serve(4000, "hold");
  const auto asked = [&](const std::string& target) { return here_.run(ask(own, target)).out; };
  for (const char* good : {"10.0.32.2 4000", "fd00:32::2 4000", "10.0.32.1 4000", "fd00:32::1 4000"}) EXPECT_EQ(asked(good), kOk) << good;
  for (const char* bad : {"127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.1.1", "224.0.0.1", "255.255.255.255", "203.0.113.2",
                          "203.0.113.1", "198.51.100.1", "10.0.31.2", "10.0.33.2", "::1", "::", "fe80::1", "ff02::1",
                          "2001:db8::2", "2001:db8::1", "fd00:31::2"})
    EXPECT_EQ(asked(bad + std::string(" 4000")), kProhibited) << bad;
  EXPECT_NE(asked("::ffff:127.0.0.1 4000"), kOk);
}

TEST_F(Relay, ListsPortsByAccountAndAReloadLeavesLiveFlowsAlone) {
  const Host host = lab->host("b.h1");
  const Process one = host.serve(4001, "hold"), two = host.serve(4002, "hold");
  change_access("access:\n  - {account: dvpn, to: [10.0.32.0/24], ports: [4001]}\n  - {account: second, to: [10.0.32.2/32], ports: [4002-4003]}\n");
  EXPECT_EQ(asked_by("dvpn", "10.0.32.2 4001"), kOk);
  EXPECT_EQ(asked_by("dvpn", "10.0.32.2 4002"), kProhibited);
  EXPECT_EQ(asked_by("second", "10.0.32.2 4001"), kProhibited);
  EXPECT_EQ(asked_by("second", "10.0.32.2 4002"), kOk);
  EXPECT_EQ(asked_by("second", "10.0.32.3 4002"), kProhibited);
  EXPECT_EQ(asked_by("dvpn", "fd00:32::2 4001"), kProhibited);

  const Process live = there_.start("exec " + as("dvpn", "10.0.32.2 4001", "hold"));
  ASSERT_TRUE(live.wait_for_output("status 0"));
  change_access("access:\n  - {account: second, to: [10.0.32.2/32]}\n");
  EXPECT_EQ(asked_by("dvpn", "10.0.32.2 4001"), kProhibited);
  EXPECT_EQ(asked_by("second", "10.0.32.2 4001"), kOk);
  EXPECT_TRUE(live.running());
  EXPECT_EQ(live.out(), kOk);
}

class Wan : public testing::TestWithParam<int> {
 protected:
  const bool six_ = GetParam() == 6;
  const Site a_ = lab->site("a");
  const Host wan_ = lab->wan(), client_ = lab->host("a.h1");
  const std::string far_ = six_ ? "fd00:32::2" : "10.0.32.2", near_ = six_ ? "fd00:31::2" : "10.0.31.2";
  const std::string tables_ = six_ ? "ip6tables" : "iptables";

  void SetUp() override { wan_.run(tables_ + " -t mangle -I PREROUTING -i a -d " + (six_ ? "fc00::/7" : "10.0.0.0/8")); }
  void TearDown() override { wan_.run(tables_ + " -t mangle -D PREROUTING 1"); }
  /// What came out of gateway a for a VPN prefix.
  std::string leaked() const { return wan_.run(tables_ + " -t mangle -nvxL PREROUTING 1 | awk '{print $1}'").out; }
};

INSTANTIATE_TEST_SUITE_P(Families, Wan, testing::Values(4, 6), testing::PrintToStringParamName());

TEST_P(Wan, SeesNothingForTheVpnWhileTheDaemonIsDown) {
  end(a_, "dvpnd", SIGKILL);
  for (const char* from : {"a.h1", "a.gw"}) {
    const Result refused = lab->host(from).talk(far_, 4010, "read");
    EXPECT_EQ(refused.out, "refused\n") << from;
    EXPECT_LT(refused.seconds, 2);
  }
  client_.run("ping -c1 -W1 " + far_ + "; echo x >/dev/udp/" + far_ + "/53");
  EXPECT_EQ(leaked(), "0\n");
  start(*lab, "a", "daemon");
  const Process server = lab->host("b.h1").serve(4010, "say:hello close");
  EXPECT_EQ(client_.talk(far_, 4010, "hear:hello").out, "done\n");
  EXPECT_EQ(leaked(), "0\n");
}

TEST_P(Wan, GetsNothingOutOfTheVpnByRoutingItToTheGateway) {
  const std::string via = six_ ? " via 2001:db8::1 dev a onlink" : " via 203.0.113.1 dev a onlink";
  for (const std::string& network : six_ ? std::vector<std::string>{"fd00:31::/64", "fd00:32::/64"} : std::vector<std::string>{"10.0.31.0/24", "10.0.32.0/24"})
    ASSERT_EQ(wan_.run("ip route replace " + network + via).exit, 0);
  const Process far = lab->host("b.h1").serve(4011, "say:hello close"), near = client_.serve(4011, "say:hello close");
  EXPECT_EQ(client_.talk(far_, 4011, "hear:hello").out, "done\n");
  flow_line(a_, (six_ ? "[" + far_ + "]" : far_) + ":4011", "done");
  const std::size_t flows = count(a_.log("dvpnd"), "flow ");
  const std::vector<Process> tries = [&] {
    std::vector<Process> all;
    for (const std::string& target : {far_ + " 4011", near_ + " 4011", far_ + " 22"})
      all.push_back(wan_.start("timeout 2 " + source_folder() + "/tests/lab/lib/peer connect " + target + " read"));
    return all;
  }();
  for (const Process& one : tries) wait_until([&] { return !one.running(); }, 10s, "the attempt to end");
  for (const Process& one : tries) EXPECT_THAT(one.out(), testing::AnyOf("", "refused\n", "EHOSTUNREACH\n", "ENETUNREACH\n", "EACCES\n"));
  EXPECT_THAT(near.out(), testing::StrEq("listening\n"));
  EXPECT_EQ(count(a_.log("dvpnd"), "flow "), flows);
}

class ControlSocket : public testing::Test {
 protected:
  const Site a_ = lab->site("a");
  const Host gateway_ = lab->host("a.gw");
  const std::string socket_ = a_.path("run/control.sock");

  Result as(const std::string& uid, const std::string& gid, const std::string& call) const {
    return gateway_.run("setpriv --reuid " + uid + " --regid " + gid + " --clear-groups " + DVPN_LAB_DVPN + " " + call + " -c " +
                        a_.path("etc/dvpnd.yaml"));
  }
};

TEST_F(ControlSocket, IsClosedToAnOrdinaryUser) {
  const Result status = as("65534", "65534", "status");
  EXPECT_NE(status.exit, 0);
  EXPECT_THAT(status.err, HasSubstr("control.sock: permission denied"));
}

TEST_F(ControlSocket, LetsTheAdminGroupReadAndNotChange) {
  const Result status = as("65534", "64303", "status"), reloaded = as("65534", "64303", "reload");
  EXPECT_EQ(status.exit, 0) << status.err;
  EXPECT_THAT(status.out, HasSubstr("sessions"));
  EXPECT_NE(reloaded.exit, 0);
  EXPECT_THAT(reloaded.err, HasSubstr("a reload needs root"));
}

TEST_F(ControlSocket, SurvivesHostileCallers) {
  const pid_t dvpnd = a_.pid("dvpnd");
  const std::size_t before = descriptors(dvpnd);
  const auto send = [&](const std::string& what) { return gateway_.run("{ " + what + "; } | socat -t 2 - UNIX-CONNECT:" + socket_, 10s).out; };
  EXPECT_THAT(send("echo garbage"), ContainsRegex("\"ok\": ?false"));
  EXPECT_THAT(send("echo '{\"v\":1,\"call\":[]}'"), ContainsRegex("\"ok\": ?false"));
  EXPECT_THAT(send("echo '{\"v\":2,\"call\":\"status\"}'"), ContainsRegex("\"ok\": ?false"));
  EXPECT_THAT(send("printf '%060000d\\n' 0 | tr 0 '['"), ContainsRegex("\"ok\": ?false"));  // deep
  EXPECT_EQ(send("head -c 1000000 /dev/zero | tr '\\0' x; echo"), "");
  send("head -c 100000 /dev/urandom");

  Process idle = gateway_.start("exec python3 -c \"import socket, time\nall = [socket.socket(socket.AF_UNIX) for _ in range(100)]\n"
                                "for s in all: s.connect('" + socket_ + "')\nprint('connected', flush=True)\ntime.sleep(60)\"");
  ASSERT_TRUE(idle.wait_for_output("connected"));
  EXPECT_EQ(dvpn(a_, "status").exit, 0);
  EXPECT_LE(descriptors(dvpnd), before + 40);
  idle.kill(SIGKILL);
  EXPECT_TRUE(wait_until([&] { return descriptors(dvpnd) <= before; }, 10s, "the callers to be forgotten"));
  EXPECT_EQ(a_.pid("dvpnd"), dvpnd);
}

}  // namespace
}  // namespace dvpn::lab
