// SPDX-License-Identifier: GPL-2.0-or-later
// How many handshakes one worker works on at once. Each costs it some milliseconds of computing; a thousand gateways that are wanted
// in the same moment would all be at it together, each take as long as all of them, and time out. So they come one after the
// other, in the order in which their gateways answered. One that has not finished after kPatience waits for its far side, not for
// us, and is not counted any more: gateways that take connections and say nothing are in nobody's way for long.
// Belongs to one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>

#include "net/asio.h"
#include "net/signal.h"

namespace dvpn::gateway {

class Room {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMost = 64;
  static constexpr auto kPatience = std::chrono::seconds(2);

  explicit Room(const net::Executor& executor, std::size_t most = kMost) : executor_(executor), most_(most) {}
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  using Place = std::list<Clock::time_point>::iterator;

  /// A place, when there is one; at once after close(). It is given back with leave().
  net::Task<Place> enter();
  void leave(Place place);
  /// Nobody waits any more.
  void close();

 private:
  bool is_full() const;
  void call_next();

  net::Executor executor_;
  std::size_t most_;
  std::list<Clock::time_point> inside_;  // since when; the oldest first
  std::list<net::Signal*> waiting_;
  bool closed_ = false;
};

}  // namespace dvpn::gateway
