// SPDX-License-Identifier: GPL-2.0-or-later
//
// What site b's relay does for a peer that speaks to it through a real sshd: UDP and pings to hosts of b's LAN. The peer
// is site a's gateway, with ssh and a script in place of the daemon.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "relay_peer.h"
#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->step("install");
  for (const char* step : {"sshd", "relay"}) lab->step(step, {"b"});
  // A dead host is found out sooner than in three seconds.
  lab->host("b.gw").run("sysctl -w net.ipv4.neigh.lan0.retrans_time_ms=100 net.ipv6.neigh.lan0.retrans_time_ms=100");
});
Shared<RelayPeer> peer([] { peer.make(*lab, "a", "203.0.113.2"); });

class FarEnd : public testing::TestWithParam<int> {
 protected:
  const bool six_ = GetParam() == 6;
  const std::string host_ = six_ ? "fd00:32::2" : "10.0.32.2", gateway_ = six_ ? "fd00:32::1" : "10.0.32.1",
                    nobody_ = six_ ? "fd00:32::77" : "10.0.32.77", far_ = six_ ? "fd00:31::2" : "10.0.31.2";
  const Site b_ = lab->site("b");
};

INSTANTIATE_TEST_SUITE_P(Families, FarEnd, testing::Values(4, 6), testing::PrintToStringParamName());

TEST_P(FarEnd, CarriesDatagramsToTheLan) {
  const Process server = serve_udp(lab->host("b.h1"), host_, 5353);
  const std::string from = six_ ? "\\[fd00:0032:0000:0000:0000:0000:0000:0001\\]" : "10.0.32.1";
  EXPECT_THAT(peer->ask("udp " + host_ + " 5353 one two"),
              MatchesRegex("status 0\ndatagram " + from + " [0-9]+ one\ndatagram " + from + " [0-9]+ two\n"));
}

TEST_P(FarEnd, TellsAClosedPortAndADeadHostApart) {
  EXPECT_EQ(peer->ask("udp " + host_ + " 5999 one two"), "status 0\nunreachable 1\nunreachable 1\n");
  EXPECT_EQ(peer->ask("udp " + nobody_ + " 5999 one"), "status 0\nunreachable 2\n");
  EXPECT_EQ(peer->ask("udp " + far_ + " 5999 one"), "status 5\n");
}

TEST_P(FarEnd, PingsWhoAnswers) {
  EXPECT_EQ(peer->ask("echo " + host_ + " one two"), "status 0\nreply 00000000 hops 64 one\nreply 00000001 hops 64 two\n");
  EXPECT_EQ(peer->ask("echo " + gateway_ + " one"), "status 0\nreply 00000000 hops 64 one\n");
  EXPECT_EQ(peer->ask("echo " + nobody_ + " one"), "status 0\nunreachable 200000000\n");
  EXPECT_EQ(peer->ask("echo " + far_ + " one"), "status 5\n");
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
  peer->ask("udp " + host_ + " 5999 one");
  const std::string target = six_ ? "[" + host_ + "]" : host_;
  wait_until([&] { return count(b_.log("relay"), "flow of dvpn to udp " + target + ":5999: ") > 0; }, 10s, "the line");
  peer->ask("echo " + host_ + " one");
  wait_until([&] { return count(b_.log("relay"), "flow of dvpn to ping " + host_ + ": ") > 0; }, 10s, "the line");
  EXPECT_THAT(b_.log("relay"), HasSubstr("up 1 datagram, 3 B; down 0 datagrams, 0 B; unreachable 1; "));
  EXPECT_THAT(b_.log("relay"), HasSubstr("up 1 datagram, 3 B; down 1 datagram, 3 B; "));
  reload(plain);
}

}  // namespace
}  // namespace dvpn::lab
