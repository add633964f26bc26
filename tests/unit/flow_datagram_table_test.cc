// SPDX-License-Identifier: GPL-2.0-or-later
// What a datagram without a socket means: step by step, with a clock of the test's own.
#include "flow/datagram_table.h"

#include <gtest/gtest.h>

namespace dvpn::flow {
namespace {

using What = DatagramTable::What;
using intercept::Verdict;
using namespace std::chrono_literals;

DatagramTable::Pair pair(int client_port) {
  return {*net::Endpoint::parse("10.0.31.5:" + std::to_string(client_port)), *net::Endpoint::parse("10.0.32.5:53")};
}

class Table : public testing::Test {
 protected:
  DatagramTable table_;
  DatagramTable::Clock::time_point now_{1h};
};

TEST_F(Table, ThereIsOneFlowForEachClientAndTarget) {
  EXPECT_EQ(table_.arrived(pair(1), now_).what, What::kNew);
  table_.begun(pair(1), 7, now_);
  EXPECT_EQ(table_.arrived(pair(2), now_).what, What::kNew);
  EXPECT_EQ(table_.arrived({pair(1).client, *net::Endpoint::parse("10.0.32.5:54")}, now_).what, What::kNew);
  EXPECT_EQ(table_.arrived(pair(1), now_).what, What::kFollows);
  EXPECT_EQ(table_.arrived(pair(1), now_).flow, 7u);
  EXPECT_EQ(table_.arrived(pair(1), now_ + 1h).flow, 7u);
}

TEST_F(Table, WhatComesForAFlowThatIsEndingIsLateAndThenBeginsAnother) {
  table_.begun(pair(1), 7, now_);
  EXPECT_EQ(table_.arrived(pair(1), now_ + DatagramTable::kFollows).what, What::kLate);
  EXPECT_EQ(table_.ended(8), std::nullopt);
  EXPECT_EQ(table_.ended(7), pair(1));
  EXPECT_EQ(table_.ended(7), std::nullopt);
  EXPECT_EQ(table_.flows(), 0u);
  EXPECT_EQ(table_.arrived(pair(1), now_ + DatagramTable::kFollows).what, What::kNew);
}

TEST_F(Table, ARefusalIsRememberedForAMoment) {
  table_.refused(pair(1), Verdict::kProhibited, now_);
  const auto again = table_.arrived(pair(1), now_ + DatagramTable::kRemembered - 1ms);
  EXPECT_EQ(again.what, What::kRefused);
  EXPECT_EQ(again.verdict, Verdict::kProhibited);
  EXPECT_EQ(table_.arrived(pair(2), now_).what, What::kNew);
  EXPECT_EQ(table_.arrived(pair(1), now_ + DatagramTable::kRemembered).what, What::kNew);
  EXPECT_EQ(table_.refusals(), 0u);
}

TEST_F(Table, ALaterRefusalOutlivesAnEarlierOne) {
  table_.refused(pair(1), Verdict::kProhibited, now_);
  table_.refused(pair(1), Verdict::kReset, now_ + 1s);
  EXPECT_EQ(table_.arrived(pair(1), now_ + DatagramTable::kRemembered).verdict, Verdict::kReset);
}

TEST_F(Table, RefusalsAreBounded) {
  for (int i = 1; i <= 10'000; ++i) table_.refused(pair(i), Verdict::kReset, now_);
  EXPECT_EQ(table_.refusals(), DatagramTable::kMostRefusals);
  EXPECT_EQ(table_.arrived(pair(1), now_).what, What::kNew);
  EXPECT_EQ(table_.arrived(pair(10'000), now_).what, What::kRefused);
}

}  // namespace
}  // namespace dvpn::flow
