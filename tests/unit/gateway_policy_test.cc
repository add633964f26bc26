// SPDX-License-Identifier: GPL-2.0-or-later
// Which session takes the next channel, and in which order gateways are tried.
#include <gtest/gtest.h>

#include <array>

#include "gateway/choice.h"
#include "gateway/pool_policy.h"
#include "gateway/reach.h"

namespace dvpn::gateway {
namespace {

using std::chrono::microseconds;

/// Sessions with so many flows, none of them busy.
std::vector<SessionLoad> quiet(const std::vector<std::size_t>& flows) {
  std::vector<SessionLoad> sessions;
  for (const std::size_t n : flows) sessions.push_back({n, false});
  return sessions;
}

PoolDecision decide_for(const std::vector<std::size_t>& flows, bool connecting) {
  return decide(quiet(flows), connecting ? Growth::kUnderWay : Growth::kPossible, {.channels_per_session = 32, .sessions = 3});
}

TEST(PoolPolicy, TheFirstFlowSetsUpASessionAndTheOthersWaitForIt) {
  EXPECT_EQ(decide_for({}, false).use, std::nullopt);
  EXPECT_TRUE(decide_for({}, false).grow);
  EXPECT_FALSE(decide_for({}, true).grow);
}

TEST(PoolPolicy, TheEmptiestSessionTakesTheNextChannel) {
  EXPECT_EQ(decide_for({5, 2, 9}, false).use, 1u);
  EXPECT_EQ(decide_for({4, 4}, false).use, 0u);
}

TEST(PoolPolicy, GrowsWhenTheEmptiestIsCrowdedOneHandshakeAtATimeUpToTheLimit) {
  EXPECT_FALSE(decide_for({31}, false).grow);
  EXPECT_TRUE(decide_for({32}, false).grow);
  EXPECT_FALSE(decide_for({32}, true).grow);
  EXPECT_FALSE(decide_for({40, 31}, false).grow);
  EXPECT_TRUE(decide_for({40, 32}, false).grow);
  EXPECT_FALSE(decide_for({40, 40, 40}, false).grow);
  EXPECT_EQ(decide_for({40, 40, 39}, false).use, 2u);
}

TEST(PoolPolicy, AFullSessionTakesNoMoreWhileAnotherIsComing) {
  EXPECT_EQ(decide_for({255}, true).use, 0u);
  EXPECT_EQ(decide_for({256}, true).use, std::nullopt);
  EXPECT_EQ(decide_for({256}, false).use, std::nullopt);
  EXPECT_TRUE(decide_for({256}, false).grow);
  EXPECT_EQ(decide_for({300, 280, 290}, false).use, 1u);  // all there will be
}

TEST(PoolPolicy, WithoutHopeOfAnotherSessionAFullOneHasToDo) {
  const PoolDecision decision = decide(quiet({300, 256}), Growth::kImpossible, {.channels_per_session = 32, .sessions = 3});
  EXPECT_EQ(decision.use, 1u);
  EXPECT_FALSE(decision.grow);
  EXPECT_EQ(decide({}, Growth::kImpossible, {}).use, std::nullopt);
  EXPECT_FALSE(decide({}, Growth::kImpossible, {}).grow);
}

TEST(PoolPolicy, ASessionThatIsBusyIsLeftToItsTransfersWhileThereIsAnother) {
  const std::vector<SessionLoad> sessions = {{1, true}, {20, false}, {30, false}};
  const PoolDecision decision = decide(sessions, Growth::kPossible, {.channels_per_session = 32, .sessions = 4});
  EXPECT_EQ(decision.use, 1u);
  EXPECT_FALSE(decision.grow);
}

TEST(PoolPolicy, WhenAllAreBusyThePoolGrowsAndNobodyWaitsForIt) {
  const std::vector<SessionLoad> sessions = {{2, true}, {1, true}};
  const PoolLimits limits = {.channels_per_session = 32, .sessions = 3};
  EXPECT_EQ(decide(sessions, Growth::kPossible, limits).use, 1u);
  EXPECT_TRUE(decide(sessions, Growth::kPossible, limits).grow);
  EXPECT_FALSE(decide(sessions, Growth::kUnderWay, limits).grow);
  EXPECT_FALSE(decide(sessions, Growth::kPossible, {.channels_per_session = 32, .sessions = 2}).grow);
}

using Order = std::vector<std::size_t>;

TEST(Choice, PreferKeepsTheTablesOrderAndPutsTheSickLast) {
  const std::array<Candidate, 3> candidates = {{{.healthy = false}, {}, {}}};
  EXPECT_EQ(order(table::Choose::kPrefer, candidates, 0), (Order{1, 2, 0}));
}

TEST(Choice, LoadAndRoundTripTakeTheLeast) {
  const std::array<Candidate, 3> candidates = {{{.flows = 9, .round_trip = microseconds(10)},
                                                {.flows = 3, .round_trip = microseconds(30)},
                                                {.flows = 5, .round_trip = microseconds(20)}}};
  EXPECT_EQ(order(table::Choose::kLoad, candidates, 0), (Order{1, 2, 0}));
  EXPECT_EQ(order(table::Choose::kRtt, candidates, 0), (Order{0, 2, 1}));
}

TEST(Choice, WeightsAreShares) {
  const std::array<Candidate, 2> candidates = {{{.weight = 3}, {.weight = 1}}};
  int first = 0;
  constexpr int kDraws = 1000;
  for (std::uint32_t i = 0; i < kDraws; ++i)
    if (order(table::Choose::kWeight, candidates, i * (UINT32_MAX / kDraws)).front() == 0) ++first;
  EXPECT_NEAR(first, 750, 2);
}

TEST(Choice, ASickGatewayHasNoShare) {
  const std::array<Candidate, 2> candidates = {{{.healthy = false, .weight = 100}, {.weight = 1}}};
  for (const std::uint32_t random : {0u, UINT32_MAX / 2, UINT32_MAX})
    EXPECT_EQ(order(table::Choose::kWeight, candidates, random), (Order{1, 0}));
}

TEST(Choice, WhatIsCurrentStaysUnlessAnotherIsClearlyBetter) {
  using std::chrono::milliseconds;
  const auto first = [](table::Choose choose, Candidate current, Candidate other) {
    current.current = true;
    const std::array<Candidate, 2> candidates = {other, current};
    return order(choose, candidates, 0).front() == 1 ? "current" : "other";
  };
  EXPECT_STREQ(first(table::Choose::kRtt, {.round_trip = milliseconds(50)}, {.round_trip = milliseconds(40)}), "current");
  EXPECT_STREQ(first(table::Choose::kRtt, {.round_trip = milliseconds(50)}, {.round_trip = milliseconds(38)}), "other");
  EXPECT_STREQ(first(table::Choose::kRtt, {.round_trip = microseconds(900)}, {.round_trip = microseconds(100)}), "current");
  EXPECT_STREQ(first(table::Choose::kLoad, {.flows = 80}, {.flows = 71}), "current");
  EXPECT_STREQ(first(table::Choose::kLoad, {.flows = 80}, {.flows = 69}), "other");
  EXPECT_STREQ(first(table::Choose::kLoad, {.flows = 3}, {.flows = 2}), "other");
  EXPECT_STREQ(first(table::Choose::kLoad, {.healthy = false, .flows = 1}, {.flows = 60}), "other");
}

class ReachTest : public testing::Test {
 protected:
  void miss(int times) {
    for (int i = 0; i < times; ++i) reach_.missed(site_, now_);
  }
  bool good() const { return reach_.good(site_, now_); }
  /// How long it is condemned for now, in whole seconds.
  int penalty() const {
    int seconds = 0;
    while (!reach_.good(site_, now_ + std::chrono::seconds(seconds))) ++seconds;
    return seconds;
  }

  Reach reach_;
  const net::Address site_ = *net::Address::parse("10.0.32.1"), other_ = *net::Address::parse("10.0.33.1");
  Reach::Clock::time_point now_{std::chrono::hours(1)};
};

TEST_F(ReachTest, ThreeMissesInARowCondemnForThatSiteAlone) {
  miss(2);
  EXPECT_TRUE(good());
  miss(1);
  EXPECT_FALSE(good());
  EXPECT_TRUE(reach_.good(other_, now_));
}

TEST_F(ReachTest, OneSuccessClearsIt) {
  miss(2);
  reach_.reached(site_, now_);
  miss(2);
  EXPECT_TRUE(good());
  EXPECT_EQ(reach_.last_reached(site_), now_);
  EXPECT_EQ(reach_.last_reached(other_), Reach::Clock::time_point{});
}

TEST_F(ReachTest, ThePenaltyDoublesUpToABound) {
  miss(3);
  std::vector<int> penalties;
  for (int i = 0; i < 8; ++i) {
    penalties.push_back(penalty());
    now_ += std::chrono::seconds(penalties.back());
    EXPECT_TRUE(good());
    miss(1);
  }
  EXPECT_EQ(penalties, (std::vector{10, 20, 40, 80, 160, 300, 300, 300}));
}

TEST_F(ReachTest, WhatFailsMeanwhileDoesNotPileUp) {
  miss(50);  // many that were under way
  EXPECT_EQ(penalty(), 10);
}

TEST_F(ReachTest, RemembersSoManySitesAtMost) {
  for (std::uint32_t i = 0; i < Reach::kMostSites; ++i) reach_.reached(*net::Address::parse("11." + std::to_string(i >> 16) + '.' + std::to_string(i >> 8 & 255) + '.' + std::to_string(i & 255)), now_);
  miss(5);
  EXPECT_TRUE(good());
}

}  // namespace
}  // namespace dvpn::gateway
