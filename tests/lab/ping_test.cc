// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pings from hosts of one site, and from its gateway, to hosts of another, over a line of 50 ms: what is answered, when, and what
// is not. (What bounds them: ping_bounds_test.cc.)

#include <gmock/gmock.h>

#include <csignal>

#include "ping_site.h"

namespace dvpn::lab {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

INSTANTIATE_TEST_SUITE_P(Families, Ping, testing::Values(4, 6), testing::PrintToStringParamName());

TEST_P(Ping, TheTargetAnswersInItsOwnNameAfterTheTrueRoundTrip) {
  for (const Host& client : clients()) {
    const Result warm = ping(client, "-c1 -W10 " + std::string(f_.far));
    EXPECT_EQ(warm.exit, 0) << client.name() << warm.out << a_.log("dvpnd");
    EXPECT_THAT(warm.out, HasSubstr("64 bytes from " + std::string(f_.far) + ": icmp_seq=1 ttl=62 ")) << client.name();
    const Result three = ping(client, "-c3 -i0.3 -W5 " + std::string(f_.far));
    EXPECT_EQ(times(three.out).size(), 3u) << three.out;
    for (const double time : times(three.out)) {
      EXPECT_GE(time, kRoundTrip);
      EXPECT_LT(time, 3 * kRoundTrip);
    }
  }
  const std::string line = flow_line(a_, f_.far, "idle", 25s);
  EXPECT_THAT(line, HasSubstr(" protocol=ping client="));
  EXPECT_THAT(line, HasSubstr(" datagrams_up=4 datagrams_down=4 dropped_up=0 dropped_down=0 unreachable=0 unanswered=0"));
  EXPECT_EQ(dvpn(a_, "why " + std::string(f_.far) + " --ping").exit, 0);
}

TEST_P(Ping, EitherVariantOfTheRulesDoes) {
  for (const char* variant : {"legacy", "nft"}) {
    const Result rules = a_.gateway().run(source_folder() + "/rules/dvpn-rules --variant " + variant + " -c " + a_.path("etc/dvpnd.yaml") +
                                          " --dvpnd " + DVPN_LAB_DVPND + " install");
    ASSERT_EQ(rules.exit, 0) << rules.err;
    for (const Host& client : clients()) EXPECT_EQ(times(ping(client, "-c2 -i0.2 -W5 " + std::string(f_.far)).out).size(), 2u) << variant << client.name();
  }
}

TEST_P(Ping, WhoDoesNotAnswerIsNotAnsweredFor) {
  const PingSilence silence(ping_lab().host("b.h1"));
  for (const Host& client : clients()) {
    const std::uint64_t before = ping_counter("up");
    const Result none = ping(client, "-c2 -i0.2 -W2 " + std::string(f_.far));
    EXPECT_EQ(none.exit, 1) << none.out;
    EXPECT_THAT(none.out, HasSubstr("2 packets transmitted, 0 received, 100% packet loss")) << client.name();
    EXPECT_EQ(ping_counter("up"), before + 2);
  }
}

TEST_P(Ping, ADeadHostIsUnreachable) {
  for (const Host& client : clients()) {
    const Result dead = ping(client, "-c1 -W5 " + std::string(f_.dead));
    EXPECT_EQ(dead.exit, 1) << dead.out;
    EXPECT_THAT(dead.out, HasSubstr("From " + std::string(f_.dead) + " icmp_seq=1 ")) << client.name();
    EXPECT_THAT(dead.out, HasSubstr(f_.unreachable)) << client.name();
  }
}

TEST_P(Ping, WhatTheRelaysListForbidsIsProhibited) {
  for (const Host& client : clients()) {
    const Result no = ping(client, "-c1 -W5 " + std::string(f_.forbidden));
    EXPECT_EQ(no.exit, 1) << no.out;
    EXPECT_THAT(no.out, HasSubstr(f_.prohibited)) << client.name();
    const std::uint64_t before = ping_counter("remembered");
    EXPECT_THAT(ping(client, "-c1 -W5 " + std::string(f_.forbidden)).out, HasSubstr(f_.prohibited));
    EXPECT_EQ(ping_counter("remembered"), before + 1);
  }
  flow_line(a_, f_.forbidden, "prohibited");
}

TEST_P(Ping, WithoutARelayItIsProhibitedAtOnce) {
  for (const Host& client : clients()) {
    const Result no = ping(client, "-c1 -W5 " + std::string(f_.direct));
    EXPECT_THAT(no.out, HasSubstr(f_.prohibited)) << client.name();
    EXPECT_LT(no.seconds, 1);
  }
  EXPECT_THAT(a_.log("dvpnd"), ContainsRegex("flow refused protocol=ping client=[^ ]* destination=" + std::string(f_.direct) + " end=prohibited"));
  EXPECT_THAT(dvpn(a_, "why " + std::string(f_.direct) + " --ping").out, HasSubstr("pings are prohibited without a relay"));
}

TEST_P(Ping, WhatTheTableHasNoLineForHasNoNetwork) {
  ASSERT_EQ(a_.gateway().run(std::string("ipset add dvpn") + (f_.number == 6 ? "6 fd00:77::/64" : "4 10.0.77.0/24")).exit, 0);
  for (const Host& client : clients()) {
    const Result no = ping(client, std::string("-c1 -W2 ") + (f_.number == 6 ? "fd00:77::1" : "10.0.77.1"));
    EXPECT_EQ(no.exit, 1);
    EXPECT_THAT(no.out, HasSubstr(f_.no_network)) << client.name();
  }
}

TEST_P(Ping, WithoutTheOtherRelayOrItsGatewayThereIsNoNetwork) {
  for (const char* program : {"dvpn-relay", "sshd"}) {
    for (const Host& client : clients()) EXPECT_EQ(ping(client, "-c1 -W5 " + std::string(f_.far)).exit, 0) << client.name();
    if (program == std::string("sshd"))
      for (const pid_t session : descendants(b_.pid("sshd"))) kill(session, SIGKILL);
    end(b_, program, SIGKILL);
    for (const Host& client : clients()) {
      const Result no = ping(client, "-c1 -W5 " + std::string(f_.second));
      EXPECT_EQ(no.exit, 1);
      EXPECT_THAT(no.out, HasSubstr(f_.no_network)) << program << client.name();
    }
    start(ping_lab(), "b", program == std::string("sshd") ? "sshd" : "relay");
    for (const Host& client : clients())
      EXPECT_TRUE(wait_until([&] { return ping(client, "-c1 -W2 " + std::string(f_.second)).exit == 0; }, 15s, "a ping to be answered"))
          << program << client.name();
  }
}

TEST_P(Ping, OneWhoseTimeEndsAtTheGatewayIsAnsweredByThat) {
  EXPECT_THAT(ping(ping_lab().host("a.h1"), "-t1 -c1 -W2 " + std::string(f_.far)).out, HasSubstr(f_.time_exceeded));
  EXPECT_EQ(ping(ping_lab().host("a.h1"), "-t2 -c1 -W5 " + std::string(f_.far)).exit, 0);
  EXPECT_EQ(ping(a_.gateway(), "-t1 -c1 -W5 " + std::string(f_.far)).exit, 0);
}

TEST_P(Ping, WithoutADaemonNothingIsAnswered) {
  end(a_, "dvpnd", SIGKILL);
  for (const Host& client : clients()) {
    const Result none = ping(client, "-c1 -W1 " + std::string(f_.far));
    EXPECT_NE(none.exit, 0) << client.name();
    EXPECT_THAT(none.out, HasSubstr(f_.prohibited)) << client.name();
    EXPECT_LT(none.seconds, 2);
  }
  start(ping_lab(), "a", "daemon");
  for (const Host& client : clients()) EXPECT_EQ(ping(client, "-c1 -W5 " + std::string(f_.far)).exit, 0) << client.name();
}

}  // namespace
}  // namespace dvpn::lab
