// SPDX-License-Identifier: GPL-2.0-or-later
// How far a flow's receive window is opened. A channel starts with libssh's own window of about a megabyte, which lets a
// download have that much per round trip. A flow that needs half of it in a round trip gets four times as much, up to its limit,
// out of a budget that all flows of a worker share; a flow that stops filling it gives the rest back. Pure.
#pragma once

#include <chrono>
#include <cstdint>

namespace dvpn::flow {

/// Bytes that windows may have beyond the ordinary one, together. Belongs to one thread.
struct WindowBudget {
  std::uint64_t left = 0;
};

class ReceiveWindow {
 public:
  using Clock = std::chrono::steady_clock;
  /// libssh's own (its WINDOWBASE): windows of this size are free.
  static constexpr std::uint32_t kOrdinary = 1'280'000;

  /// `most` bytes at most, taken from `budget`, which outlives this.
  ReceiveWindow(WindowBudget& budget, std::uint64_t most) : budget_(budget), most_(most) {}
  ReceiveWindow(const ReceiveWindow&) = delete;
  ReceiveWindow& operator=(const ReceiveWindow&) = delete;
  ~ReceiveWindow() { budget_.left += window_ - kOrdinary; }

  /// `bytes` have been passed on since the last call. `round_trip` is the session's.
  void passed(std::uint64_t bytes, Clock::time_point now, std::chrono::microseconds round_trip);

  /// What to open it to with the next read: 0 for the ordinary window.
  std::uint32_t window() const { return window_ > kOrdinary ? window_ : 0; }

 private:
  void resize(std::uint32_t size);

  WindowBudget& budget_;
  std::uint64_t most_;
  std::uint32_t window_ = kOrdinary;
  std::uint64_t bytes_ = 0;  // in the present period
  Clock::time_point started_{};
};

}  // namespace dvpn::flow
