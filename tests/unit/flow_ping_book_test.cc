// SPDX-License-Identifier: GPL-2.0-or-later
// Which pings are out: step by step, with a clock of the test's own.
#include "flow/ping_book.h"

#include <gtest/gtest.h>

#include <vector>

namespace dvpn::flow {
namespace {

using namespace std::chrono_literals;

PingBook::Sent ping(std::uint16_t sequence) { return {.name = {.identifier = 7, .sequence = sequence}, .payload = 56}; }

class Book : public testing::Test {
 protected:
  std::vector<std::uint32_t> enter(std::uint16_t count) {
    std::vector<std::uint32_t> tokens;
    for (std::uint16_t i = 0; i < count; ++i)
      if (const auto token = book_.enter(ping(i), now_)) tokens.push_back(*token);
    return tokens;
  }

  PingBook book_;
  PingBook::Clock::time_point now_{1h};
};

TEST_F(Book, GivesBackWhatWasAskedOnceAndInAnyOrder) {
  const auto tokens = enter(3);
  ASSERT_EQ(tokens.size(), 3u);
  EXPECT_EQ(book_.take(tokens[1], now_), ping(1));
  EXPECT_EQ(book_.take(tokens[1], now_), std::nullopt);
  EXPECT_EQ(book_.take(tokens[2], now_), ping(2));
  EXPECT_EQ(book_.take(tokens[0], now_), ping(0));
  EXPECT_EQ(book_.take(tokens[2] + 1, now_), std::nullopt);
  EXPECT_EQ(book_.out(), 0u);
  EXPECT_EQ(book_.unanswered(), 0u);
}

TEST_F(Book, TheSameNameTwiceIsTwoPings) {
  const auto one = book_.enter(ping(1), now_), two = book_.enter(ping(1), now_);
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two);
  EXPECT_TRUE(book_.take(*one, now_) && book_.take(*two, now_));
}

TEST_F(Book, AnAnswerIsNotLongerThanWhatWasAsked) {
  const auto tokens = enter(2);
  EXPECT_EQ(book_.take_answered(tokens[0], 57, now_), std::nullopt);
  EXPECT_EQ(book_.take_answered(tokens[0], 56, now_), ping(0));
  EXPECT_EQ(book_.take_answered(tokens[0], 56, now_), std::nullopt);
  EXPECT_EQ(book_.take_answered(tokens[1], 20, now_), ping(1));
}

TEST_F(Book, TooManyAreRefusedAndTheFirstOnesStay) {
  const auto tokens = enter(100);
  EXPECT_EQ(tokens.size(), PingBook::kMost);
  EXPECT_EQ(book_.take(tokens[0], now_), ping(0));
  EXPECT_TRUE(book_.enter(ping(100), now_));
  EXPECT_FALSE(book_.enter(ping(101), now_));
}

TEST_F(Book, AnAnswerThatIsTooLateIsNone) {
  const auto tokens = enter(2);
  now_ += PingBook::kPatience;
  EXPECT_EQ(book_.take(tokens[0], now_), ping(0));
  now_ += 1ms;
  EXPECT_EQ(book_.take(tokens[1], now_), std::nullopt);
  EXPECT_EQ(book_.unanswered(), 1u);
}

TEST_F(Book, PlacesComeBackWithTime) {
  enter(PingBook::kMost);
  now_ += PingBook::kPatience + 1ms;
  EXPECT_EQ(enter(1).size(), 1u);
  EXPECT_EQ(book_.out(), 1u);
  EXPECT_EQ(book_.unanswered(), PingBook::kMost);
}

TEST_F(Book, InTheEndTheOldestIsGivenUpFirst) {
  enter(2);
  EXPECT_EQ(book_.give_up(), ping(0));
  EXPECT_EQ(book_.give_up(), ping(1));
  EXPECT_EQ(book_.give_up(), std::nullopt);
  EXPECT_EQ(book_.unanswered(), 2u);
}

}  // namespace
}  // namespace dvpn::flow
