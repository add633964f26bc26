// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of the log that are kept: how many, how long, and how they are followed.
#include "base/recent_log.h"

#include <gtest/gtest.h>

#include <thread>

namespace dvpn {
namespace {

std::vector<std::string> texts(const std::vector<RecentLog::Line>& lines) {
  std::vector<std::string> out;
  for (const auto& line : lines) out.push_back(std::to_string(line.number) + line.text);
  return out;
}
using Texts = std::vector<std::string>;

TEST(RecentLog, KeepsTheLastLines) {
  RecentLog log(3);
  EXPECT_EQ(log.newest(), 0u);
  EXPECT_TRUE(log.last(10).empty());
  for (const char* line : {"a", "b", "c", "d"}) log.add(LogLevel::kInfo, line);
  EXPECT_EQ(log.newest(), 4u);
  EXPECT_EQ(texts(log.last(10)), (Texts{"2b", "3c", "4d"}));
  EXPECT_EQ(texts(log.last(1)), (Texts{"4d"}));
  EXPECT_TRUE(log.last(0).empty());
}

TEST(RecentLog, IsFollowedByNumber) {
  RecentLog log(3);
  EXPECT_TRUE(log.after(0, 10).empty());
  for (const char* line : {"a", "b", "c", "d"}) log.add(LogLevel::kInfo, line);
  EXPECT_EQ(texts(log.after(0, 10)), (Texts{"2b", "3c", "4d"}));
  EXPECT_EQ(texts(log.after(2, 1)), (Texts{"3c"}));
  EXPECT_EQ(texts(log.after(3, 10)), (Texts{"4d"}));
  EXPECT_TRUE(log.after(4, 10).empty());
  EXPECT_TRUE(log.after(99, 10).empty());
}

TEST(RecentLog, IsBounded) {
  RecentLog log(2);
  log.add(LogLevel::kInfo, std::string(RecentLog::kLongestLine + 100, 'x'));
  EXPECT_EQ(log.last(1)[0].text.size(), RecentLog::kLongestLine);
  log.add(LogLevel::kInfo, "b");
  log.add(LogLevel::kInfo, "c");
  log.resize(1);
  EXPECT_EQ(texts(log.last(10)), (Texts{"3c"}));
  log.resize(0);
  log.add(LogLevel::kInfo, "d");
  EXPECT_TRUE(log.last(10).empty());
  EXPECT_EQ(log.newest(), 4u);
}

TEST(RecentLog, GetsWhatIsLoggedAsItIsWritten) {
  RecentLog log(10);
  keep_log(&log);
  log_warning("one\x1b[31m");
  log_debug("not at this level");
  keep_log(nullptr);
  log_warning("two");
  const auto lines = log.last(10);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].text, "one\\x1b[31m");
  EXPECT_EQ(lines[0].level, LogLevel::kWarning);
}

TEST(RecentLog, TakesLinesFromSeveralThreads) {
  RecentLog log(100);
  const auto write = [&log] {
    for (int i = 0; i < 1000; ++i) log.add(LogLevel::kInfo, "x");
  };
  std::thread one(write), other(write);
  while (log.newest() < 1000) EXPECT_LE(log.after(0, 50).size(), 50u);
  one.join();
  other.join();
  EXPECT_EQ(log.newest(), 2000u);
  EXPECT_EQ(log.last(1000).size(), 100u);
}

}  // namespace
}  // namespace dvpn
