// SPDX-License-Identifier: GPL-2.0-or-later
//
// What site b's relay does for a peer that speaks to it through a real sshd: UDP and pings to hosts of b's LAN. The peer
// is site a's gateway, with ssh and a script in place of the daemon.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

std::unique_ptr<Lab> lab;
std::unique_ptr<Process> tunnel;

class Everything : public testing::Environment {
 public:
  void SetUp() override {
    lab = std::make_unique<Lab>(two_sites());
    lab->step("install");
    for (const char* step : {"sshd", "relay"}) lab->step(step, {"b"});
    // A dead host is found out sooner than in three seconds.
    lab->host("b.gw").run("sysctl -w net.ipv4.neigh.lan0.retrans_time_ms=100 net.ipv6.neigh.lan0.retrans_time_ms=100");
    const Site a = lab->site("a");
    const std::string own = a.path("run/forward.sock");
    tunnel = std::make_unique<Process>(a.gateway().start(
        "exec ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=" + a.path("etc/known_hosts") +
        " -o IdentitiesOnly=yes -i " + a.path("etc/id_ed25519") + " -N -L " + own + ":/run/relay.sock dvpn@203.0.113.2"));
    wait_until([&] { return run_here("test -S " + own).exit == 0; }, 10s, "ssh");
  }
  void TearDown() override {
    tunnel.reset();
    lab.reset();
  }
};
[[maybe_unused]] const auto* const environment = testing::AddGlobalTestEnvironment(new Everything);

class FarEnd : public testing::TestWithParam<int> {
 protected:
  const bool six_ = GetParam() == 6;
  const std::string host_ = six_ ? "fd00:32::2" : "10.0.32.2", gateway_ = six_ ? "fd00:32::1" : "10.0.32.1",
                    nobody_ = six_ ? "fd00:32::77" : "10.0.32.77", far_ = six_ ? "fd00:31::2" : "10.0.31.2";
  const Site b_ = lab->site("b");

  /// What the relay says, a line for each thing: tests/lab/lib/ask.
  std::string ask(const std::string& what) const {
    return lab->host("a.gw").run(source_folder() + "/tests/lab/lib/ask " + lab->site("a").path("run/forward.sock") + " " + what).out;
  }
  /// A server of UDP that answers each datagram with who sent it and what was in it.
  static Process serve_udp(const Host& host, int port) {
    const std::string script = "read x; echo \"$SOCAT_PEERADDR $x\"";
    Process server = host.start("exec socat UDP6-RECVFROM:" + std::to_string(port) + ",ipv6only=0,fork SYSTEM:'" + script + "'");
    wait_until([&] { return !host.run("ss -Hlun 'sport = :" + std::to_string(port) + "'").out.empty(); }, 10s, "the server");
    return server;
  }
};

INSTANTIATE_TEST_SUITE_P(Families, FarEnd, testing::Values(4, 6), testing::PrintToStringParamName());

TEST_P(FarEnd, CarriesDatagramsToTheLan) {
  const Process server = serve_udp(lab->host("b.h1"), 5353);
  const std::string from = six_ ? "[fd00:0032:0000:0000:0000:0000:0000:0001]" : "[0000:0000:0000:0000:0000:ffff:0a00:2001]";
  EXPECT_EQ(ask("udp " + host_ + " 5353 one two"), "status 0\ndatagram " + from + " one\ndatagram " + from + " two\n");
}

TEST_P(FarEnd, TellsAClosedPortAndADeadHostApart) {
  EXPECT_EQ(ask("udp " + host_ + " 5999 one two"), "status 0\nunreachable 1\nunreachable 1\n");
  EXPECT_EQ(ask("udp " + nobody_ + " 5999 one"), "status 0\nunreachable 2\n");
  EXPECT_EQ(ask("udp " + far_ + " 5999 one"), "status 5\n");
}

TEST_P(FarEnd, PingsWhoAnswers) {
  EXPECT_EQ(ask("echo " + host_ + " one two"), "status 0\nreply 00000000 hops 64 one\nreply 00000001 hops 64 two\n");
  EXPECT_EQ(ask("echo " + gateway_ + " one"), "status 0\nreply 00000000 hops 64 one\n");
  EXPECT_EQ(ask("echo " + nobody_ + " one"), "status 0\nunreachable 200000000\n");
  EXPECT_EQ(ask("echo " + far_ + " one"), "status 5\n");
}

TEST_P(FarEnd, LogsWhatWasOnItsWay) {
  const std::string plain = b_.read("etc/relay.yaml");
  const auto reload = [&](const std::string& text) {
    const std::size_t before = count(b_.log("relay"), "reloaded");
    b_.write("etc/relay.yaml", text);
    signal(b_, "dvpn-relay", SIGHUP);
    wait_until([&] { return count(b_.log("relay"), "reloaded") > before; }, 10s, "the relay's reload");
  };
  reload(plain + "log: {level: debug}\n");
  ask("udp " + host_ + " 5999 one");
  const std::string target = six_ ? "[" + host_ + "]" : host_;
  wait_until([&] { return count(b_.log("relay"), "flow of dvpn to udp " + target + ":5999: ") > 0; }, 10s, "the line");
  ask("echo " + host_ + " one");
  wait_until([&] { return count(b_.log("relay"), "flow of dvpn to ping " + host_ + ": ") > 0; }, 10s, "the line");
  EXPECT_THAT(b_.log("relay"), HasSubstr("up 1 datagram, 3 B; down 0 datagrams, 0 B; unreachable 1; "));
  EXPECT_THAT(b_.log("relay"), HasSubstr("up 1 datagram, 3 B; down 1 datagram, 3 B; "));
  reload(plain);
}

}  // namespace
}  // namespace dvpn::lab
