// SPDX-License-Identifier: GPL-2.0-or-later
// What flows through a gateway add up to: bytes, how fast they move now, how long openings took. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace dvpn::gateway {

/// Bytes of payload, or bytes a second.
struct Traffic {
  std::uint64_t up = 0;  ///< from clients to targets
  std::uint64_t down = 0;

  Traffic& operator+=(const Traffic& other);
  bool operator==(const Traffic&) const = default;
};

/// How fast something moves that is measured about once a second. Each measure counts half, and those before it the other half:
/// what is shown is about the last two seconds.
class Pace {
 public:
  /// It has moved `total` since its beginning, the last `elapsed` of the time since the last call.
  void measure(const Traffic& total, std::chrono::duration<double> elapsed);
  const Traffic& rate() const { return rate_; }

 private:
  Traffic before_;
  Traffic rate_;
};

/// How long openings took, from a client's first packet to the far side's yes, sorted into buckets.
struct OpenTimes {
  using Time = std::chrono::microseconds;
  /// The longest time of each bucket; those that took longer than the last are in one more.
  static constexpr std::array<Time, 15> kBounds = {Time(500),     Time(1'000),   Time(2'500),     Time(5'000),     Time(10'000),
                                                   Time(25'000),  Time(50'000),  Time(100'000),   Time(250'000),   Time(500'000),
                                                   Time(1'000'000), Time(2'500'000), Time(5'000'000), Time(10'000'000), Time(20'000'000)};

  std::array<std::uint64_t, kBounds.size() + 1> counts{};
  Time sum{0};

  void note(Time time);
  std::uint64_t count() const;
  /// The time within which the `share` (0 to 1) of them came, as far as the buckets tell: between a bucket's bounds the times are
  /// taken to be spread evenly. Zero without any.
  Time quantile(double share) const;
  OpenTimes& operator+=(const OpenTimes& other);
};

struct Usage {
  Traffic bytes{};
  Traffic rate{};  ///< bytes a second
  OpenTimes open_times{};

  Usage& operator+=(const Usage& other);
};

}  // namespace dvpn::gateway
