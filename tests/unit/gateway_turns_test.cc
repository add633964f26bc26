// SPDX-License-Identifier: GPL-2.0-or-later
// Whose turn it is to shake hands: with one sshd, and in one worker.
#include "gateway/turns.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "gateway/room.h"
#include "net/task_group.h"

namespace dvpn::gateway {
namespace {

using namespace std::chrono_literals;
using State = Turns::Turn::State;

class Asking : public testing::Test {
 protected:
  std::unique_ptr<Turns::Turn> ask(const std::string& host = "gw", net::Port port = 22, std::size_t most = 2) {
    return std::make_unique<Turns::Turn>(turns_, host, port, most, [this] { ++woken_; });
  }
  Turns turns_;
  int woken_ = 0;
};

TEST_F(Asking, TheNextHasItsTurnWhenOneHasGone) {
  auto one = ask(), two = ask(), three = ask(), four = ask();
  EXPECT_EQ(one->state(), State::kHas);
  EXPECT_EQ(two->state(), State::kHas);
  EXPECT_EQ(three->state(), State::kWaits);
  one.reset();
  EXPECT_EQ(three->state(), State::kHas);
  EXPECT_EQ(four->state(), State::kWaits);
  EXPECT_EQ(woken_, 1);
  three.reset();
  two.reset();
  EXPECT_EQ(four->state(), State::kHas);
  EXPECT_EQ(woken_, 2);
}

TEST_F(Asking, OtherSshdsAreOtherLines) {
  const auto one = ask(), two = ask(), elsewhere = ask("other"), port = ask("gw", 2222);
  EXPECT_EQ(elsewhere->state(), State::kHas);
  EXPECT_EQ(port->state(), State::kHas);
}

TEST_F(Asking, WhoGivesUpWaitingTakesNobodysTurn) {
  auto one = ask(), two = ask(), gone = ask(), three = ask();
  gone.reset();
  one.reset();
  EXPECT_EQ(three->state(), State::kHas);
}

TEST_F(Asking, AFailureIsThatOfAllWhoWait) {
  auto one = ask(), two = ask(), three = ask(), four = ask();
  one->failed({ssh::SessionTrouble::kUnreachable, "no route"});
  EXPECT_EQ(three->state(), State::kFailed);
  EXPECT_EQ(three->failure().text, "no route");
  EXPECT_EQ(four->failure().trouble, ssh::SessionTrouble::kUnreachable);
  EXPECT_EQ(two->state(), State::kHas);
  EXPECT_EQ(woken_, 2);
  // Who asks later tries by itself.
  one.reset();
  EXPECT_EQ(ask()->state(), State::kHas);
}

TEST_F(Asking, ASetbackIsOverWhenAnotherOneGetsInThere) {
  const Turns::Setback here(turns_, "gw", 22), elsewhere(turns_, "other", 22);
  auto one = ask();
  EXPECT_FALSE(here.over());
  one->failed({ssh::SessionTrouble::kUnreachable, "no route"});
  EXPECT_FALSE(here.over());
  one->succeeded();
  EXPECT_TRUE(here.over());
  EXPECT_FALSE(elsewhere.over());
  // The next one begins anew.
  const Turns::Setback later(turns_, "gw", 22);
  EXPECT_FALSE(later.over());
}

TEST_F(Asking, ASetbackTakesNobodysTurn) {
  auto back = std::make_unique<Turns::Setback>(turns_, "gw", 22);
  auto one = ask(), two = ask(), three = ask();
  EXPECT_EQ(two->state(), State::kHas);
  one.reset();
  back.reset();
  EXPECT_EQ(three->state(), State::kHas);
}

TEST_F(Asking, ALargerLimitCountsForThoseWhoBringIt) {
  auto one = ask(), two = ask(), three = ask("gw", 22, 3);
  EXPECT_EQ(three->state(), State::kHas);
  EXPECT_EQ(ask()->state(), State::kWaits);
}

TEST(Turns, AreNeverMoreThanTheMostFromManyThreads) {
  Turns turns;
  std::atomic<int> at_it = 0, most = 0, done = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        std::atomic<bool> woken = false;
        const Turns::Turn turn(turns, "gw", 22, 3, [&] { woken = true; });
        while (turn.state() == State::kWaits) std::this_thread::yield();  // unbounded: ended by the others, who hold theirs for an instant
        const int now = ++at_it;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {}
        --at_it;
        ++done;
      }
    });
  threads.clear();
  EXPECT_EQ(done, 1600);
  EXPECT_LE(most, 3);
}

net::Task<> stay(Room& room, std::vector<int>& order, int number, std::optional<Room::Place>& place) {
  auto entering = room.enter();
  place = co_await std::move(entering);
  order.push_back(number);
}

class InARoom : public testing::Test {
 protected:
  void enter(int number) { tasks_.spawn(stay(room_, order_, number, places_[static_cast<std::size_t>(number)])); }
  void leave(int number) { room_.leave(*places_[static_cast<std::size_t>(number)]); }
  void look() {
    context_.restart();
    context_.poll();
  }

  net::asio::io_context context_{1};
  net::TaskGroup tasks_{context_.get_executor()};
  Room room_{context_.get_executor(), 2};
  std::vector<int> order_;
  std::array<std::optional<Room::Place>, 6> places_;
};

TEST_F(InARoom, TheyEnterInTheirOrderAsOthersLeave) {
  for (int i = 0; i < 5; ++i) enter(i);
  look();
  EXPECT_EQ(order_, (std::vector{0, 1}));
  leave(1);
  look();
  EXPECT_EQ(order_, (std::vector{0, 1, 2}));
  leave(0);
  leave(2);
  look();
  EXPECT_EQ(order_, (std::vector{0, 1, 2, 3, 4}));
}

TEST_F(InARoom, WhoStaysLongDoesNotCount) {
  for (int i = 0; i < 3; ++i) enter(i);
  look();
  EXPECT_EQ(order_, (std::vector{0, 1}));
  const auto begun = Room::Clock::now();
  context_.restart();
  context_.run_for(2 * Room::kPatience);
  EXPECT_EQ(order_, (std::vector{0, 1, 2}));
  EXPECT_LT(Room::Clock::now() - begun, 2 * Room::kPatience);
  leave(0);
  leave(2);
}

TEST_F(InARoom, NobodyWaitsAtAClosedOne) {
  for (int i = 0; i < 5; ++i) enter(i);
  look();
  room_.close();
  look();
  EXPECT_EQ(order_.size(), 5u);
}

}  // namespace
}  // namespace dvpn::gateway
