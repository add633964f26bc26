// SPDX-License-Identifier: GPL-2.0-or-later
//
// What bounds pings: how long they may be, how many are out, to how many targets; clients that get in each other's way; and that
// they can be turned off.

#include <gmock/gmock.h>

#include <utility>

#include "ping_site.h"

namespace dvpn::lab {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

INSTANTIATE_TEST_SUITE_P(Families, Ping, testing::Values(4, 6), testing::PrintToStringParamName());

TEST_P(Ping, ClientsWithTheSameIdentifierDoNotMix) {
  std::vector<Process> pings;
  const std::pair<const char*, const char*> asks[] = {{"a.h1", "aa"}, {"a.h2", "bb"}, {"a.gw", "cc"}};
  for (const auto& [host, pattern] : asks)
    pings.push_back(ping_lab().host(host).start(std::string("ping -n -e 4242 -c 10 -i 0.05 -W5 -p ") + pattern + " " + f_.far));
  for (Process& each : pings) {
    const Result done = each.wait(30s);
    EXPECT_THAT(done.out, HasSubstr("10 packets transmitted, 10 received, 0% packet loss")) << done.err;
    EXPECT_THAT(done.out, Not(ContainsRegex("wrong data|DUP")));
  }
}

TEST_P(Ping, AllSizesComeBackUnchanged) {
  for (const Host& client : clients())
    for (const char* size : {"0", "1400", "1472", "1473", "8000", "65000"}) {
      const Result one = ping(client, std::string("-c1 -W5 -p 0123456789abcdef -s ") + size + " " + f_.far);
      EXPECT_EQ(one.exit, 0) << client.name() << " " << size << one.out << one.err;
      EXPECT_THAT(one.out, HasSubstr(std::to_string(std::stoi(size) + 8) + " bytes from "));
      EXPECT_THAT(one.out, Not(HasSubstr("wrong data"))) << client.name() << " " << size;
    }
}

TEST_P(Ping, WhatIsTooLongIsProhibited) {
  EXPECT_THAT(ping(ping_lab().host("a.h1"), "-c1 -W5 -s 65507 " + std::string(f_.far)).out, HasSubstr(f_.prohibited));
  const Reconfigured less(ping_lab(), "a", "ping", "payload: 1KiB");
  for (const Host& client : clients()) {
    const std::uint64_t before = ping_counter("too_long");
    EXPECT_THAT(ping(client, "-c1 -W5 -s 1025 " + std::string(f_.far)).out, HasSubstr(f_.prohibited)) << client.name();
    EXPECT_EQ(ping_counter("too_long"), before + 1);
    EXPECT_EQ(ping(client, "-c1 -W5 -s 1024 " + std::string(f_.far)).exit, 0) << client.name();
  }
}

TEST_P(Ping, AFloodIsBoundedAndLeavesOthersAlone) {
  const PingSilence silence(ping_lab().host("b.h2"));
  const std::uint64_t before = ping_counter("up"), dropped = ping_counter("dropped_up");
  const Process flood = ping_lab().host("a.h2").start("exec ping -q -n -i 0.002 -c 1000 -W1 " + std::string(f_.second));
  wait_until([&] { return ping_counter("dropped_up") > dropped + 100; }, 10s, "the flood");
  EXPECT_EQ(times(ping(ping_lab().host("a.h1"), "-c3 -i0.2 -W5 " + std::string(f_.far)).out).size(), 3u);
  EXPECT_LE(ping_counter("up"), before + 64 + 3);
}

TEST_P(Ping, OfOneClientTargetsAreBounded) {
  wait_until([&] { return ping_counter("flows") == 0; }, 25s, "the flows to end");
  const std::string net = f_.number == 6 ? "fd00:32::" : "10.0.32.";
  const Result sweep = ping_lab().host("a.h2").run("for i in $(seq 40 69); do ping -n -c1 -W3 " + net + "$i & done; wait");
  EXPECT_EQ(count(sweep.out, f_.prohibited), 10u) << sweep.out;
  EXPECT_EQ(times(ping(ping_lab().host("a.h1"), "-c1 -W5 " + std::string(f_.far)).out).size(), 1u);
  EXPECT_THAT(a_.log("dvpnd"), HasSubstr("limits.ping_flows_per_client is reached"));
}

TEST_P(Ping, TheyCanBeTurnedOff) {
  const Reconfigured off(ping_lab(), "a", "ping", "carry: false");
  for (const Host& client : clients()) {
    const Result no = ping(client, "-c1 -W2 " + std::string(f_.far));
    EXPECT_EQ(no.exit, 1);
    EXPECT_THAT(no.out, HasSubstr(f_.prohibited)) << client.name();
  }
  const Result status = dvpn(a_, "status");
  EXPECT_THAT(status.out, HasSubstr("  pings     off (ping.carry)\n"));
  EXPECT_THAT(status.out, Not(HasSubstr("degraded")));
  EXPECT_THAT(dvpn(a_, "why " + std::string(f_.far) + " --ping").out, HasSubstr("ping.carry is false"));
}

}  // namespace
}  // namespace dvpn::lab
