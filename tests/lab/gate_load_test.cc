// SPDX-License-Identifier: GPL-2.0-or-later
//
// Very many SYNs at once through a path of 50 ms: each gets its own verdict, none a wrong one, none is lost. What a host is
// sent is counted by its own kernel: one reset for each refusal, and one more for each try that crossed the first on its
// way. DVPN_GATE_MANY=20000 sets how many (2,000); no more than 10,000 of them wait at once. And what the kernel does when nobody
// takes any of them: its queue overflows, and lets pass what it has no room for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "gate_site.h"

namespace dvpn::lab {
namespace {

using testing::StartsWith;

int many() {
  const char* const wanted = std::getenv("DVPN_GATE_MANY");
  return wanted != nullptr ? std::atoi(wanted) : 2000;
}

Shared<Lab> lab([] {
  lab.make(two_sites("link b delay 25ms\n"));
  lab->step("install");
  const Site a = lab->site("a");
  for (const char* line : {"held: 20000", "held_per_client: 20000", "flows_per_client: 20000"}) configure(a, "limits", line);
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
});

struct Family {
  const char *name, *far, *iptables;
};
void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

class GateLoad : public testing::TestWithParam<Family> {
 protected:
  const Family& f = GetParam();
  const Site a_ = lab->site("a");
  const Host near_ = lab->host("a.h1"), far_ = lab->host("b.h1");
  const std::string tool_ = std::string(f.iptables) + " -w 10 ";
  std::uint64_t told_before_ = 0;

  void SetUp() override {
    ASSERT_EQ(near_.run(tool_ + "-I INPUT 1 -p tcp --tcp-flags RST RST").exit, 0);
    told_before_ = resets_told();
  }
  void TearDown() override { near_.run(tool_ + "-D INPUT 1"); }
  /// The host was sent one for each refusal, and no other but for those of the refusals that were told again.
  void expect_resets(int refusals) const {
    const int told = static_cast<int>(resets_told() - told_before_);
    const int resets = std::stoi("0" + near_.run(tool_ + "-nvxL INPUT 1 | awk '{ print $1 }'").out);
    EXPECT_GE(resets, refusals);
    EXPECT_LE(resets, told);
  }
  std::uint64_t resets_told() const { return gate(a_, "reset") + gate(a_, "remembered"); }
};

INSTANTIATE_TEST_SUITE_P(Families, GateLoad, testing::Values(Family{"IPv4", "10.0.32.2", "iptables"}, Family{"IPv6", "fd00:32::2", "ip6tables"}),
                         [](const auto& family) { return family.param.name; });

TEST_P(GateLoad, ManyRefusalsAreEachRefusedOnce) {
  constexpr int kAtOnce = 10'000;  // descriptors and ports of one host
  for (int left = many(); left > 0; left -= kAtOnce) {
    const std::string count = std::to_string(std::min(left, kAtOnce));
    const Knock knock(near_, std::string(f.far) + " 2000 times=" + count + " for=60");
    EXPECT_THAT(knock.line(70s), StartsWith("ECONNREFUSED " + count + ","));
  }
  expect_resets(many());
}

TEST_P(GateLoad, ManyThatWaitTogetherAllGetTheirAnswer) {
  const int all = std::min(many(), 10'000);
  Silence silence(far_, 2003);
  const Knock knock(near_, std::string(f.far) + " 2003 times=" + std::to_string(all) + " for=60");
  EXPECT_TRUE(wait_until([&] { return gate(a_, "held") == static_cast<std::uint64_t>(all); }, 20s, "all of them to wait"));
  silence.end();
  EXPECT_THAT(knock.line(70s), StartsWith("ECONNREFUSED " + std::to_string(all) + ","));
  EXPECT_EQ(gate(a_, "held"), 0u);
  expect_resets(all);
}

TEST_P(GateLoad, AQueueThatOverflowsLetsOthersPass) {
  constexpr int kFlood = 10'000;  // from each host; with what they send again, it is full after some seconds
  const Process server = far_.serve(2004, "say:hello close");
  const auto bypassed = gate(a_, "bypassed");
  signal(a_, "dvpnd", SIGSTOP);
  {
    const std::string flood = std::string(f.far) + " 2005 for=30 times=" + std::to_string(kFlood);
    const Knock first(near_, flood), second(lab->host("a.h2"), flood);
    const auto passed = [&] { return near_.run("ss -Htn state established '( dport = :2005 )' | head -n1 | wc -l").out == "1\n"; };
    EXPECT_TRUE(wait_until(passed, 20s, "the queue to overflow"));
    signal(a_, "dvpnd", SIGCONT);
    EXPECT_TRUE(wait_until([&] { return gate(a_, "bypassed") > bypassed; }, 10s, "those that passed to be taken"));
  }
  EXPECT_TRUE(wait_until([&] { return dvpn(a_, "flows").out == "no flows\n" && gate(a_, "held") == 0; }, 30s, "all of it to be over"));
  EXPECT_EQ(near_.talk(f.far, 2004, "hear:hello read").out, "read 0 bytes e3b0c44298fc, end\ndone\n");
}

TEST_P(GateLoad, OpenAndClosedPortsAreNotMixedUp) {
  const Process server = far_.start("exec " + source_folder() + "/tests/lab/lib/crowd serve 2001");
  ASSERT_TRUE(server.wait_for_output("listening")) << server.err();
  const int half = std::min(many(), 8000) / 2;
  const auto bypassed = gate(a_, "bypassed");
  {
    const Knock knock(near_, std::string(f.far) + " 2001-2002 times=" + std::to_string(half) + " for=60");
    EXPECT_THAT(knock.line(70s), StartsWith("open " + std::to_string(half) + ", ECONNREFUSED " + std::to_string(half) + ","));
    expect_resets(half);
  }
  EXPECT_TRUE(wait_until([&] { return dvpn(a_, "flows").out == "no flows\n"; }, 20s, "the flows to end"));
  EXPECT_EQ(gate(a_, "held") + gate(a_, "waiting") + gate(a_, "not_understood"), 0u);
  EXPECT_EQ(gate(a_, "bypassed"), bypassed);
}

}  // namespace
}  // namespace dvpn::lab
