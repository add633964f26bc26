// SPDX-License-Identifier: GPL-2.0-or-later
//
// Clients of the gate that do not just wait for their answer: they give up, use a port again, try again, try very much at
// once. What was opened for nobody is closed within seconds, nothing is told twice, and nobody is in another's way.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <ostream>

#include "gate_site.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->start();
  lab->host("b.gw").run("sysctl -q net.ipv4.neigh.lan0.mcast_solicit=1 net.ipv6.neigh.lan0.mcast_solicit=1");
});

struct Family {
  const char *name, *far, *far_in_url, *dead, *nmap;
};
void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

class GateClient : public testing::TestWithParam<Family> {
 protected:
  const Family& f = GetParam();
  const Site a_ = lab->site("a");
  const Host near_ = lab->host("a.h1"), other_ = lab->host("a.h2"), far_ = lab->host("b.h1");
  const std::string far_address_ = f.far;

  std::uint64_t flows() const { return std::stoull("0" + run_here("grep -c '^<6>flow id=' " + a_.path("log/dvpnd.log")).out); }
  /// Whether another client is served as if nobody else were there.
  void another_is_served() const {
    const Result result = other_.talk(f.far, 2100, "hear:hello read");
    EXPECT_EQ(result.out, "read 0 bytes e3b0c44298fc, end\ndone\n");
    EXPECT_LT(result.seconds, 1);
  }
};

INSTANTIATE_TEST_SUITE_P(Families, GateClient,
                         testing::Values(Family{"IPv4", "10.0.32.2", "10.0.32.2", "10.0.32.99", "nmap "},
                                         Family{"IPv6", "fd00:32::2", "[fd00:32::2]", "fd00:32::63", "nmap -6 "}),
                         [](const auto& family) { return family.param.name; });

TEST_P(GateClient, WhatWasOpenedForAClientThatIsGoneIsClosedWithinSeconds) {
  const Process server = far_.serve(2000, "read");
  Silence silence(far_, 2000);
  const auto gone = gate(a_, "client_gone");
  {
    const Knock client(near_, far_address_ + " 2000");
    wait_for_gate(a_, "held", 1);
  }
  silence.end();
  EXPECT_TRUE(server.wait_for_output("read 0 bytes [0-9a-f]+, (end|reset)", 12s));  // tried again at 3 s at the latest, 5 s of patience
  EXPECT_EQ(gate(a_, "client_gone"), gone + 1);
  EXPECT_EQ(gate(a_, "waiting"), 0u);
  flow_line(a_, std::string(f.far_in_url) + ":2000", "client-gone");
}

TEST_P(GateClient, AnAnswerThatIsLostOnTheLanIsGivenAgain) {
  const Process server = far_.serve(2004, "say:hello close");
  const std::string tool = std::string(f.name) == "IPv4" ? "iptables" : "ip6tables",
                    loss = " INPUT -p tcp --sport 2004 --tcp-flags SYN,ACK SYN,ACK -m statistic --mode nth --every 3 --packet ";
  near_.run(tool + " -A" + loss + "0 -j DROP; " + tool + " -A" + loss + "1 -j DROP");  // the first two of three
  const auto copies = gate(a_, "copies"), passed = gate(a_, "pass"), bypassed = gate(a_, "bypassed");
  EXPECT_EQ(near_.talk(f.far, 2004, "hear:hello read").out, "read 0 bytes e3b0c44298fc, end\ndone\n");
  near_.run(tool + " -D" + loss + "0 -j DROP; " + tool + " -D" + loss + "1 -j DROP");
  EXPECT_GT(gate(a_, "copies"), copies);
  EXPECT_EQ(gate(a_, "pass"), passed + 1);
  EXPECT_EQ(gate(a_, "bypassed"), bypassed);
}

TEST_P(GateClient, APortThatIsUsedAgainIsANewConnection) {
  const Process server = far_.serve(2001, "say:hello read");
  Silence silence(far_, 2001);
  const auto gone = gate(a_, "client_gone");
  {
    const Knock client(near_, far_address_ + " 2001 from=33001");
    wait_for_gate(a_, "held", 1);
  }
  const Knock again(near_, far_address_ + " 2001 from=33001");
  EXPECT_TRUE(wait_until([&] { return gate(a_, "client_gone") == gone + 1; }, 5s, "the old one to be given up"));
  EXPECT_EQ(gate(a_, "held"), 1u);
  silence.end();
  EXPECT_THAT(again.line(), StartsWith("open 1,"));
}

TEST_P(GateClient, OneThatTriesARefusedPortAgainIsRefusedAtOnce) {
  ASSERT_THAT(Knock(near_, far_address_ + " 2002 from=33002").line(), StartsWith("ECONNREFUSED 1,"));
  const auto before = flows();
  const auto remembered = gate(a_, "remembered");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Knock(near_, far_address_ + " 2002 from=33002").line(), StartsWith("ECONNREFUSED 1, last after 0.0"));
  EXPECT_EQ(gate(a_, "remembered"), remembered + 3);
  EXPECT_EQ(flows(), before);
  // It is a matter of two seconds.
  const Process server = far_.serve(2002, "hold");
  EXPECT_TRUE(wait_until([&] { return Knock(near_, far_address_ + " 2002 from=33002").line().starts_with("open 1,"); }, 5s, "the port to be open"));
}

TEST_P(GateClient, ManyUnreachableAtOnceAllHearOfItSoon) {
  // The kernel sends few ICMP errors to one host: the others hear when they try again, which is after a second.
  const Knock knock(near_, std::string(f.dead) + " 2003 times=100");
  EXPECT_THAT(knock.line(), MatchesRegex("ECONNREFUSED [0-9]+, EHOSTUNREACH [0-9]+, last after [1-7]\\.[0-9]+ s\n"));
}

TEST_P(GateClient, AScanOfSilentPortsIsInNobodysWay) {
  const Process server = far_.serve(2100, "say:hello close");
  const std::string silence = " INPUT -p tcp --syn --dport 10000:14999 -j DROP";
  far_.run("iptables -I" + silence + "; ip6tables -I" + silence);
  another_is_served();  // (there is a session)
  EXPECT_TRUE(wait_until([&] { return gate(a_, "held") == 0; }, 15s, "what others asked for to be over"));
  const auto copies = gate(a_, "copies"), over = gate(a_, "over_client_limit");
  {
    const Knock first(near_, far_address_ + " 10000-10999");
    wait_for_gate(a_, "copies", copies + 1000);
    EXPECT_EQ(gate(a_, "held"), 1000u);
    // An open port shows behind all of them, in place of one that has been silent for long.
    EXPECT_THAT(Knock(near_, far_address_ + " 2100").line(), StartsWith("open 1, last after 0."));
    const Knock more(near_, far_address_ + " 11000-14999");
    wait_for_gate(a_, "over_client_limit", over + 3000);
    for (int i = 0; i < 3; ++i) another_is_served();
    EXPECT_EQ(gate(a_, "held"), 1000u);
  }
  far_.run("iptables -D" + silence + "; ip6tables -D" + silence);
}

TEST_P(GateClient, AScanOfClosedPortsIsAnsweredWhole) {
  const Process server = far_.serve(2100, "say:hello close");
  const Knock scan(near_, far_address_ + " 20000-24999 for=30");
  for (int i = 0; i < 3; ++i) another_is_served();
  EXPECT_THAT(scan.line(40s), StartsWith("ECONNREFUSED 5000,"));
}

TEST_P(GateClient, AScanSeesWhatAScanAtTheFarSiteSees) {
  const Process server = far_.serve(2100, "say:hello close"), other = far_.serve(2101, "close");
  const Silence silence(far_, 2102), another(far_, 2103);
  const std::string scan = std::string(f.nmap) + "-Pn -n -p 2098-2105 --max-retries 2 -oG - " + f.far + " | grep -o 'Ports: .*'";
  const std::string there = lab->host("b.h2").run(scan, 60s).out;
  EXPECT_THAT(there, HasSubstr("2100/open/tcp")) << there;
  EXPECT_THAT(there, HasSubstr("2102/filtered/tcp"));
  EXPECT_THAT(there, HasSubstr("2104/closed/tcp"));
  EXPECT_EQ(near_.run(scan, 60s).out, there);
  EXPECT_EQ(near_.run("setpriv --reuid nobody --clear-groups " + scan, 60s).out, there);  // with connect(2)
}

TEST_P(GateClient, CurlGoesOnToTheOtherFamilyAtOnce) {
  const bool four = std::string(f.name) == "IPv4";
  const Process server = far_.start(std::string("PAGE=hello exec socat TCP") + (four ? "4" : "6") + "-LISTEN:2110,fork,reuseaddr" +
                                    (four ? "" : ",ipv6only=1") + " EXEC:" + source_folder() + "/tests/lab/lib/page");
  EXPECT_TRUE(wait_until([&] { return far_.listens(2110); }, 5s, "the server"));
  for (const char* address : {"10.0.32.2", "fd00:32::2"}) near_.talk(address, 2110, "close");  // there are sessions
  const Result result = near_.run("curl -s -w '%{time_connect} %{remote_ip}\\n' http://h1.b:2110/");
  EXPECT_THAT(result.out, MatchesRegex(std::string("hello\n0\\.[01][0-9]+ ") + f.far + "\n"));  // (it waits 200 ms where nothing is said)
}

}  // namespace
}  // namespace dvpn::lab
