// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/room.h"

#include <algorithm>
#include <iterator>

#include "net/deadline.h"

namespace dvpn::gateway {

using std::chrono::milliseconds;

bool Room::is_full() const {
  const auto counted_since = Clock::now() - kPatience;
  const auto counted = std::ranges::count_if(inside_, [counted_since](Clock::time_point since) { return since > counted_since; });
  return static_cast<std::size_t>(counted) >= most_;
}

net::Task<Room::Place> Room::enter() {
  net::Signal turn(executor_);
  const auto place = waiting_.insert(waiting_.end(), &turn);
  while (!closed_ && (waiting_.front() != &turn || is_full())) {
    // (the oldest that counts does so for kPatience at most)
    const net::Deadline deadline(executor_, std::chrono::duration_cast<milliseconds>(kPatience) / 4, [&turn] { turn.notify(); });
    co_await turn.wait();
  }
  waiting_.erase(place);
  inside_.push_back(Clock::now());
  const Place entered = std::prev(inside_.end());
  call_next();
  co_return entered;
}

void Room::leave(Place place) {
  inside_.erase(place);
  call_next();
}

void Room::call_next() {
  if (!waiting_.empty()) waiting_.front()->notify();
}

void Room::close() {
  closed_ = true;
  for (net::Signal* const turn : waiting_) turn->notify();
}

}  // namespace dvpn::gateway
