// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/backoff.h"

#include <gtest/gtest.h>

#include "base/rate_limit.h"
#include "base/units.h"

namespace dvpn {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DoublesItsCeilingUpToTheMost) {
  Backoff backoff(milliseconds(500), milliseconds(3000));
  EXPECT_EQ(backoff.failed(UINT32_MAX), milliseconds(499));
  EXPECT_EQ(backoff.failed(UINT32_MAX), milliseconds(999));
  EXPECT_EQ(backoff.failed(UINT32_MAX), milliseconds(1999));
  EXPECT_EQ(backoff.failed(UINT32_MAX), milliseconds(2999));
  EXPECT_EQ(backoff.failed(UINT32_MAX), milliseconds(2999));
}

TEST(Backoff, WaitsAtLeastHalfOfTheCeiling) {
  Backoff backoff(milliseconds(500), milliseconds(3000));
  EXPECT_EQ(backoff.failed(0), milliseconds(250));
  EXPECT_EQ(backoff.failed(0), milliseconds(500));
}

TEST(Backoff, StartsAgainAfterASuccess) {
  Backoff backoff(milliseconds(500), milliseconds(3000));
  for (int i = 0; i < 100; ++i) (void)backoff.failed(0);
  backoff.succeeded();
  EXPECT_EQ(backoff.failed(0), milliseconds(250));
}

TEST(RateLimit, LetsABurstThroughAndCountsWhatItHeldBack) {
  const auto start = RateLimit::Clock::now();
  RateLimit limit(2, std::chrono::seconds(1));
  EXPECT_EQ(limit.allow(start), 0u);
  EXPECT_EQ(limit.allow(start), 0u);
  EXPECT_EQ(limit.allow(start), std::nullopt);
  EXPECT_EQ(limit.allow(start), std::nullopt);
  EXPECT_EQ(limit.allow(start + std::chrono::seconds(1)), 2u);
  EXPECT_EQ(limit.allow(start + std::chrono::seconds(1)), std::nullopt);
}

TEST(Units, ReadsDurationsAndSizesStrictly) {
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("2h"), milliseconds(7'200'000));
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
  for (const char* bad : {"", "10", "10 s", "-1s", "1d", "s", "99999999999999999999s", "9999999h", "+1s", "1.5s"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_size("8MiB"), 8u << 20);
  EXPECT_EQ(parse_size("12"), 12u);
  for (const char* bad : {"", "8MB", "MiB", "-1", "99999999999GiB"}) EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
}

TEST(Units, WritesThemForPeople) {
  EXPECT_EQ(format_size(12), "12 B");
  EXPECT_EQ(format_size(1536), "1.5 KiB");
  EXPECT_EQ(format_size(8u << 20), "8.0 MiB");
  EXPECT_EQ(format_duration(milliseconds(250)), "250ms");
  EXPECT_EQ(format_duration(milliseconds(12'540)), "12.5s");
  EXPECT_EQ(format_duration(milliseconds(200'000)), "3m20s");
  EXPECT_EQ(format_duration(milliseconds(7'500'000)), "2h5m");
}

}  // namespace
}  // namespace dvpn
