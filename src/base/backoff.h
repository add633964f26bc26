// SPDX-License-Identifier: GPL-2.0-or-later
// Exponential back-off with full jitter: how long to wait before the next attempt. Pure; the caller brings the
// randomness and does the waiting.
#pragma once

#include <chrono>
#include <cstdint>

namespace dvpn {

class Backoff {
 public:
  using Duration = std::chrono::milliseconds;

  /// The ceiling of the wait starts at `first` and doubles with each failure up to `most`.
  Backoff(Duration first, Duration most) : first_(first), most_(most) {}

  /// After a failure: the wait before the next attempt, between half of the ceiling and all of it. `random` is
  /// uniform over its whole range.
  Duration failed(std::uint32_t random);

  /// After a success: the next failure starts from `first` again.
  void succeeded() { failures_ = 0; }

  unsigned failures() const { return failures_; }

 private:
  Duration first_;
  Duration most_;
  unsigned failures_ = 0;
};

}  // namespace dvpn
