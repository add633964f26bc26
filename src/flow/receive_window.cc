// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/receive_window.h"

#include <algorithm>

namespace dvpn::flow {

namespace {

/// On a shorter path the machines' own turns take so long: a window that is used up within them stalls the sender as well.
constexpr auto kShortRoundTrip = std::chrono::milliseconds(2);
/// TCP doubles what is under way in each round trip of its slow start: the window stays ahead of it.
constexpr std::uint64_t kGrowth = 4;
/// A flow that has not filled a quarter of its window in so many round trips gives it back.
constexpr int kSlackRoundTrips = 8;

}  // namespace

void ReceiveWindow::resize(std::uint32_t size) {
  budget_.left += window_;
  budget_.left -= size;
  window_ = size;
}

void ReceiveWindow::passed(std::uint64_t bytes, Clock::time_point now, std::chrono::microseconds round_trip) {
  const auto restart = [this, now] {
    bytes_ = 0;
    started_ = now;
  };
  if (started_ == Clock::time_point{}) {
    restart();  // what came before this moment took an unknown time
    return;
  }
  bytes_ += bytes;
  const auto period = std::max<Clock::duration>(round_trip, kShortRoundTrip);
  const auto elapsed = now - started_;
  // Half a window in a round trip: it would soon hold the flow back. Where it takes longer the path is full, and a larger window would only stand in its queues, before everybody else's packets.
  const bool filled = bytes_ >= window_ / 2;
  if (filled && elapsed <= period * 5 / 4) {
    const std::uint64_t wanted = std::min({most_, std::uint64_t{window_} * kGrowth, window_ + budget_.left});
    if (wanted > window_) resize(static_cast<std::uint32_t>(wanted));
  }
  if (filled) restart();
  if (elapsed > kSlackRoundTrips * period) {
    if (bytes_ < window_ / 4 && window_ > kOrdinary) resize(std::max(kOrdinary, window_ / 2));
    restart();
  }
}

}  // namespace dvpn::flow
