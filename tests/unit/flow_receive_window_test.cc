// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/receive_window.h"

#include <gtest/gtest.h>

namespace dvpn::flow {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kMost = 8u << 20;
constexpr auto kRoundTrip = milliseconds(100);

/// A flow that passes `share` of its window in each round trip, `times` round trips long.
void pass(ReceiveWindow& window, ReceiveWindow::Clock::time_point& now, double share, int times) {
  for (int i = 0; i < times; ++i) {
    const double size = window.window() > 0 ? window.window() : ReceiveWindow::kOrdinary;
    window.passed(static_cast<std::uint64_t>(size * share), now, kRoundTrip);
    now += kRoundTrip;
  }
}

TEST(ReceiveWindow, GrowsToItsLimitWhileItIsFilled) {
  WindowBudget budget{64u << 20};
  ReceiveWindow window(budget, kMost);
  auto now = ReceiveWindow::Clock::now();
  EXPECT_EQ(window.window(), 0u);
  pass(window, now, 1.0, 10);
  EXPECT_EQ(window.window(), kMost);
  EXPECT_EQ(budget.left, (64u << 20) - (kMost - ReceiveWindow::kOrdinary));
}

TEST(ReceiveWindow, StaysWhereAFlowDoesNotFillIt) {
  WindowBudget budget{64u << 20};
  ReceiveWindow window(budget, kMost);
  auto now = ReceiveWindow::Clock::now();
  pass(window, now, 0.3, 50);
  EXPECT_EQ(window.window(), 0u);
}

TEST(ReceiveWindow, OnAShortPathOnlyAFastFlowFillsIt) {
  WindowBudget budget{64u << 20};
  ReceiveWindow slow(budget, kMost);
  ReceiveWindow fast(budget, kMost);
  auto now = ReceiveWindow::Clock::now();
  for (int i = 0; i < 100; ++i) {
    now += milliseconds(1);
    slow.passed(ReceiveWindow::kOrdinary / 10, now, milliseconds(0));
    fast.passed(ReceiveWindow::kOrdinary, now, milliseconds(0));
  }
  EXPECT_EQ(slow.window(), 0u);
  EXPECT_GT(fast.window(), ReceiveWindow::kOrdinary);
}

TEST(ReceiveWindow, GivesBackWhatItDoesNotUseAnyMore) {
  WindowBudget budget{64u << 20};
  ReceiveWindow window(budget, kMost);
  auto now = ReceiveWindow::Clock::now();
  pass(window, now, 1.0, 10);
  pass(window, now, 0.001, 100);
  EXPECT_EQ(window.window(), 0u);
  EXPECT_EQ(budget.left, 64u << 20);
}

TEST(ReceiveWindow, StopsAtTheBudgetAndReturnsItAtTheEnd) {
  WindowBudget budget{3u << 20};
  {
    ReceiveWindow window(budget, kMost);
    auto now = ReceiveWindow::Clock::now();
    pass(window, now, 1.0, 10);
    EXPECT_EQ(window.window(), ReceiveWindow::kOrdinary + (3u << 20));
    EXPECT_EQ(budget.left, 0u);
  }
  EXPECT_EQ(budget.left, 3u << 20);
}

}  // namespace
}  // namespace dvpn::flow
