// SPDX-License-Identifier: GPL-2.0-or-later
// The gate's memory, step by step: what a SYN means after what came before, who is told to go, and what is bounded.
#include "intercept/held_syns.h"

#include <gtest/gtest.h>

namespace dvpn::intercept {
namespace {

using namespace std::chrono_literals;
using What = HeldSyns::What;
using Why = HeldSyns::GivenUp::Why;

class HeldSynsTest : public testing::Test {
 protected:
  static Syn syn(std::uint32_t sequence, net::Port port = 40000, const char* client = "10.0.31.2") {
    return {{*net::Address::parse(client), port}, kServer, sequence};
  }
  /// A new one that is held as the next flow, in the packet of the same number.
  HeldSyns::FlowId hold(const Syn& one) {
    const auto arrival = syns_.arrived(one, now_);
    EXPECT_EQ(arrival.what, What::kNew);
    EXPECT_FALSE(arrival.given_up);
    ++flow_;
    syns_.hold(one, static_cast<std::uint32_t>(flow_), flow_, now_);
    return flow_;
  }
  void expect(const Syn& one, What what, Verdict verdict) {
    const auto arrival = syns_.arrived(one, now_);
    EXPECT_EQ(arrival.what, what);
    EXPECT_EQ(arrival.verdict, verdict);
    EXPECT_FALSE(arrival.given_up);
  }
  /// A new one, which ends that flow and, if it says so, drops its packet.
  void expect_instead_of(const Syn& one, Why why, HeldSyns::FlowId flow, std::optional<std::uint32_t> packet) {
    const auto arrival = syns_.arrived(one, now_);
    EXPECT_EQ(arrival.what, What::kNew);
    ASSERT_TRUE(arrival.given_up);
    EXPECT_EQ(arrival.given_up->why, why);
    EXPECT_EQ(arrival.given_up->flow, flow);
    EXPECT_EQ(arrival.given_up->packet, packet);
  }

  static inline const net::Endpoint kServer = *net::Endpoint::parse("10.0.32.2:80");
  HeldSyns syns_{{.held = 10, .held_per_client = 4}};
  HeldSyns::Clock::time_point now_{1h};
  HeldSyns::FlowId flow_ = 0;
};

TEST_F(HeldSynsTest, AnAnswerPassesTheSynAndItsClientIsMatched) {
  const auto flow = hold(syn(1));
  EXPECT_EQ(syns_.held(), 1u);
  EXPECT_FALSE(syns_.claim(syn(1).client, kServer, now_));  // nobody can have been accepted yet
  EXPECT_EQ(syns_.pass(flow, now_), 1u);
  EXPECT_EQ(syns_.held(), 0u);
  EXPECT_EQ(syns_.passed(), 1u);
  EXPECT_FALSE(syns_.claim(syn(1, 40001).client, kServer, now_));
  EXPECT_FALSE(syns_.claim(syn(1).client, *net::Endpoint::parse("10.0.32.2:81"), now_));
  EXPECT_EQ(syns_.claim(syn(1).client, kServer, now_), flow);
  EXPECT_FALSE(syns_.claim(syn(1).client, kServer, now_));
  EXPECT_EQ(syns_.passed(), 0u);
  EXPECT_FALSE(syns_.pass(flow, now_));
}

TEST_F(HeldSynsTest, ACopyOfAHeldSynIsDropped) {
  const auto flow = hold(syn(1));
  now_ += 1s;
  expect(syn(1), What::kCopy, Verdict::kSilence);
  EXPECT_EQ(syns_.held(), 1u);
  EXPECT_EQ(syns_.pass(flow, now_), 1u);
}

TEST_F(HeldSynsTest, ACopyOfAPassedSynIsPassedAndTheClientIsWaitedForAgain) {
  const auto flow = hold(syn(1));
  syns_.pass(flow, now_);
  now_ += 4s;
  expect(syn(1), What::kCopy, Verdict::kPass);
  now_ += 4s;
  EXPECT_TRUE(syns_.expire(now_).empty());
  EXPECT_EQ(syns_.claim(syn(1).client, kServer, now_), flow);
  // And for a while after it was accepted.
  now_ += 5s;
  expect(syn(1), What::kCopy, Verdict::kPass);
  now_ += 1ms;
  expect(syn(1), What::kNew, Verdict::kSilence);
}

TEST_F(HeldSynsTest, AClientThatBeganAnewEndsItsOldAttempt) {
  auto flow = hold(syn(1));
  expect_instead_of(syn(2), Why::kBegunAnew, flow, 1u);
  EXPECT_EQ(syns_.held(), 0u);
  EXPECT_FALSE(syns_.pass(flow, now_));
  flow = hold(syn(2));
  syns_.pass(flow, now_);
  expect_instead_of(syn(3), Why::kBegunAnew, flow, std::nullopt);
  EXPECT_EQ(syns_.passed(), 0u);
  // One that was accepted is the kernel's matter.
  flow = hold(syn(3));
  syns_.pass(flow, now_);
  syns_.claim(syn(3).client, kServer, now_);
  flow = hold(syn(4));
  EXPECT_EQ(syns_.pass(flow, now_), 4u);
}

TEST_F(HeldSynsTest, ARefusalIsRememberedForAMoment) {
  EXPECT_EQ(syns_.refuse(hold(syn(1)), Verdict::kReset, now_), 1u);
  EXPECT_EQ(syns_.held(), 0u);
  for (const std::uint32_t sequence : {1u, 2u}) expect(syn(sequence), What::kRemembered, Verdict::kReset);
  expect(syn(1, 40001), What::kNew, Verdict::kSilence);
  now_ += 2s;
  expect(syn(2), What::kRemembered, Verdict::kReset);
  now_ += 1ms;
  expect(syn(2), What::kNew, Verdict::kSilence);
  syns_.refuse_new(syn(1), Verdict::kNetworkUnreachable, now_);
  expect(syn(2), What::kRemembered, Verdict::kNetworkUnreachable);
  now_ += 6s;
  EXPECT_EQ(syns_.remembered(), 1u);
  syns_.expire(now_);
  EXPECT_EQ(syns_.remembered(), 0u);
}

TEST_F(HeldSynsTest, ACopyAfterAnIcmpErrorGetsAReset) {
  for (const Verdict verdict : {Verdict::kHostUnreachable, Verdict::kNetworkUnreachable, Verdict::kProhibited}) {
    const Syn one = syn(1, static_cast<net::Port>(50000 + flow_));
    syns_.refuse(hold(one), verdict, now_);
    expect(one, What::kRemembered, Verdict::kReset);
    Syn other = one;
    other.sequence = 2;
    expect(other, What::kRemembered, verdict);
  }
}

TEST_F(HeldSynsTest, ACopyIsKnownUntilTheNextOneMustHaveCome) {
  syns_.refuse(hold(syn(1)), Verdict::kHostUnreachable, now_);
  now_ += 4s;  // the longest time between two of the first four
  syns_.expire(now_);
  expect(syn(1), What::kRemembered, Verdict::kReset);
  now_ += 1001ms;
  expect(syn(1), What::kNew, Verdict::kSilence);
}

TEST_F(HeldSynsTest, SilenceIsNotRemembered) {
  EXPECT_EQ(syns_.refuse(hold(syn(1)), Verdict::kSilence, now_), 1u);
  expect(syn(1), What::kNew, Verdict::kSilence);
  EXPECT_EQ(syns_.remembered(), 0u);
}

TEST_F(HeldSynsTest, AClientThatDoesNotComeIsWaitedForSomeSeconds) {
  const auto first = hold(syn(1, 40001)), second = hold(syn(1, 40002)), third = hold(syn(1, 40003));
  syns_.pass(second, now_);
  now_ += 1s;
  syns_.pass(first, now_);
  now_ += 4s;
  EXPECT_TRUE(syns_.expire(now_).empty());
  now_ += 1ms;
  EXPECT_EQ(syns_.expire(now_), std::vector{second});
  now_ += 1s;
  EXPECT_EQ(syns_.expire(now_), std::vector{first});
  now_ += 1h;
  EXPECT_TRUE(syns_.expire(now_).empty());  // the far side's time is another's matter
  EXPECT_EQ(syns_.pass(third, now_), 3u);
}

TEST_F(HeldSynsTest, WithoutAPortTheLongestWaitingIsMatched) {
  const auto first = hold(syn(1, 40001)), second = hold(syn(1, 40002)), other = hold(syn(1, 40001, "10.0.31.3"));
  for (const auto flow : {other, second, first}) syns_.pass(flow, now_);
  const net::Address client = syn(1).client.address;
  EXPECT_FALSE(syns_.claim_oldest(client, *net::Endpoint::parse("10.0.32.3:80"), now_));
  EXPECT_EQ(syns_.claim_oldest(client, kServer, now_), second);
  EXPECT_EQ(syns_.claim_oldest(client, kServer, now_), first);
  EXPECT_FALSE(syns_.claim_oldest(client, kServer, now_));
}

TEST_F(HeldSynsTest, OneClientCannotHoldEverything) {
  for (net::Port port = 1; port <= 4; ++port) hold(syn(1, port));
  expect(syn(1, 5), What::kClientLimit, Verdict::kSilence);
  expect(syn(1, 1), What::kCopy, Verdict::kSilence);
  hold(syn(1, 5, "10.0.31.3"));
  // Whoever gives up makes room at once; so does an answer.
  expect_instead_of(syn(2, 1), Why::kBegunAnew, 1, 1u);
  hold(syn(2, 1));
  syns_.pass(2, now_);
  hold(syn(1, 6));
  expect(syn(1, 7), What::kClientLimit, Verdict::kSilence);
}

TEST_F(HeldSynsTest, WhatHasWaitedLongMakesWayForTheSameClient) {
  for (net::Port port = 1; port <= 4; ++port) {
    hold(syn(1, port));
    now_ += 250ms;
  }
  expect(syn(1, 5), What::kClientLimit, Verdict::kSilence);
  now_ += 1ms;
  expect_instead_of(syn(1, 5), Why::kMakesWay, 1, 1u);
  hold(syn(1, 5));
  expect(syn(1, 6), What::kClientLimit, Verdict::kSilence);
  EXPECT_FALSE(syns_.pass(1, now_));
  EXPECT_EQ(syns_.pass(2, now_), 2u);
}

TEST_F(HeldSynsTest, BeyondTheLimitSynsGoOnUnheld) {
  for (int i = 0; i < 10; ++i) hold(syn(1, static_cast<net::Port>(100 + i), ("10.0.31." + std::to_string(10 + i)).c_str()));
  for (int i = 0; i < 3; ++i) expect(syn(1, 200), What::kOverLimit, Verdict::kPass);
  EXPECT_EQ(syns_.held(), 10u);
  syns_.refuse(1, Verdict::kReset, now_);
  hold(syn(1, 200));
  syns_.set_limits({.held = 11, .held_per_client = 1});
  expect(syn(1, 201), What::kClientLimit, Verdict::kSilence);
}

TEST_F(HeldSynsTest, RefusalsAreForgottenWhenThereAreTooMany) {
  const auto number = [](std::size_t i) { return Syn{{net::Address::from_ipv4(0x0a000000 + static_cast<std::uint32_t>(i)), 1}, kServer, 1}; };
  for (std::size_t i = 0; i <= HeldSyns::kMostRemembered; ++i) syns_.refuse_new(number(i), Verdict::kReset, now_);
  EXPECT_EQ(syns_.remembered(), HeldSyns::kMostRemembered);
  expect(number(0), What::kNew, Verdict::kSilence);
  expect(number(1), What::kRemembered, Verdict::kReset);
}

TEST_F(HeldSynsTest, AFlowThatEndedIsForgotten) {
  const auto flow = hold(syn(1));
  syns_.pass(flow, now_);
  EXPECT_FALSE(syns_.refuse(flow, Verdict::kReset, now_));  // its packet is gone
  EXPECT_FALSE(syns_.claim(syn(1).client, kServer, now_));
  EXPECT_EQ(syns_.passed(), 0u);
}

TEST_F(HeldSynsTest, InTheEndAllAreGivenUp) {
  hold(syn(1, 1));
  syns_.pass(hold(syn(1, 2)), now_);
  syns_.refuse(hold(syn(1, 3)), Verdict::kReset, now_);
  const auto all = syns_.clear();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].flow, 1u);
  EXPECT_EQ(all[0].packet, 1u);
  EXPECT_EQ(all[1].flow, 2u);
  EXPECT_FALSE(all[1].packet);
  EXPECT_EQ(syns_.held() + syns_.passed() + syns_.remembered(), 0u);
  expect(syn(1, 3), What::kNew, Verdict::kSilence);
}

}  // namespace
}  // namespace dvpn::intercept
