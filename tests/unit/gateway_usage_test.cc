// SPDX-License-Identifier: GPL-2.0-or-later
// Rates and times as they add up.
#include "gateway/usage.h"

#include <gtest/gtest.h>

namespace dvpn::gateway {
namespace {

using namespace std::chrono_literals;

TEST(Pace, IsTheMeanOfTheLastSeconds) {
  Pace pace;
  pace.measure({1000, 0}, 1s);
  EXPECT_EQ(pace.rate(), (Traffic{500, 0}));
  pace.measure({2000, 400}, 1s);
  EXPECT_EQ(pace.rate(), (Traffic{750, 200}));
  pace.measure({4000, 400}, 2s);
  EXPECT_EQ(pace.rate(), (Traffic{875, 100}));
}

TEST(Pace, GoesDownToNothing) {
  Pace pace;
  pace.measure({1'000'000'000, 0}, 1s);
  for (int i = 0; i < 40; ++i) pace.measure({1'000'000'000, 0}, 1s);
  EXPECT_EQ(pace.rate(), Traffic{});
}

TEST(Pace, TakesNoTimeAndATotalThatFellForNothing) {
  Pace pace;
  pace.measure({1000, 0}, 0s);
  EXPECT_EQ(pace.rate(), Traffic{});
  pace.measure({1000, 0}, 1s);
  pace.measure({10, 0}, 1s);
  EXPECT_EQ(pace.rate(), (Traffic{250, 0}));
}

TEST(OpenTimes, EachTimeIsInTheBucketThatItDoesNotExceed) {
  OpenTimes times;
  for (const auto time : {500us, 501us, 1000us}) times.note(time);
  times.note(20s);
  times.note(21s);
  EXPECT_EQ(times.counts[0], 1u);
  EXPECT_EQ(times.counts[1], 2u);
  EXPECT_EQ(times.counts[OpenTimes::kBounds.size() - 1], 1u);
  EXPECT_EQ(times.counts[OpenTimes::kBounds.size()], 1u);
  EXPECT_EQ(times.count(), 5u);
  EXPECT_EQ(times.sum, 41s + 2001us);
}

TEST(OpenTimes, QuantilesLieWithinTheirBucket) {
  OpenTimes times;
  EXPECT_EQ(times.quantile(0.5), 0us);
  for (int i = 0; i < 100; ++i) times.note(7ms);  // between 5 and 10
  EXPECT_EQ(times.quantile(0.5), 7500us);
  EXPECT_EQ(times.quantile(0.0), 5ms);
  EXPECT_EQ(times.quantile(1.0), 10ms);
  for (int i = 0; i < 100; ++i) times.note(2ms);
  EXPECT_EQ(times.quantile(0.5), 2500us);
  OpenTimes late;
  late.note(60s);
  EXPECT_EQ(late.quantile(0.5), 20s);
}

TEST(Usage, AddsUp) {
  Usage one{.bytes = {1, 2}, .rate = {3, 4}}, other{.bytes = {10, 20}, .rate = {30, 40}};
  one.open_times.note(1ms);
  other.open_times.note(1ms);
  one += other;
  EXPECT_EQ(one.bytes, (Traffic{11, 22}));
  EXPECT_EQ(one.rate, (Traffic{33, 44}));
  EXPECT_EQ(one.open_times.count(), 2u);
  EXPECT_EQ(one.open_times.sum, 2ms);
}

}  // namespace
}  // namespace dvpn::gateway
