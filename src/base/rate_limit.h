// SPDX-License-Identifier: GPL-2.0-or-later
// Bounds how often something that a remote party can trigger happens (a log line, say): a token bucket that
// counts what it held back. Not thread-safe; each thread has its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace dvpn {

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// `burst` at once, then one each `interval`.
  RateLimit(std::uint32_t burst, Clock::duration interval) : burst_(burst), interval_(interval), tokens_(burst) {}

  /// How many were held back since the last one that went through, if this one may go through; else nothing.
  std::optional<std::uint64_t> allow(Clock::time_point now);

 private:
  std::uint32_t burst_;
  Clock::duration interval_;
  std::uint32_t tokens_;
  Clock::time_point refilled_{};
  std::uint64_t held_back_ = 0;
};

}  // namespace dvpn
