// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/usage.h"

#include <algorithm>
#include <numeric>

namespace dvpn::gateway {

namespace {

std::uint64_t blend(std::uint64_t rate, std::uint64_t moved, double seconds) {
  return static_cast<std::uint64_t>((static_cast<double>(moved) / seconds + static_cast<double>(rate)) / 2);
}

std::uint64_t since(std::uint64_t before, std::uint64_t now) { return now > before ? now - before : 0; }

}  // namespace

Traffic& Traffic::operator+=(const Traffic& other) {
  up += other.up;
  down += other.down;
  return *this;
}

void Pace::measure(const Traffic& total, std::chrono::duration<double> elapsed) {
  if (elapsed.count() <= 0) return;
  rate_ = {blend(rate_.up, since(before_.up, total.up), elapsed.count()), blend(rate_.down, since(before_.down, total.down), elapsed.count())};
  before_ = total;
}

void OpenTimes::note(Time time) {
  ++counts[static_cast<std::size_t>(std::ranges::lower_bound(kBounds, time) - kBounds.begin())];
  sum += time;
}

std::uint64_t OpenTimes::count() const { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

OpenTimes::Time OpenTimes::quantile(double share) const {
  const auto wanted = share * static_cast<double>(count());
  double before = 0;
  Time low{0};
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (here > 0 && before + here >= wanted) {
      const double inside = std::clamp((wanted - before) / here, 0.0, 1.0);
      return low + std::chrono::duration_cast<Time>((kBounds[i] - low) * inside);
    }
    before += here;
    low = kBounds[i];
  }
  return count() == 0 ? Time(0) : kBounds.back();
}

OpenTimes& OpenTimes::operator+=(const OpenTimes& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
  return *this;
}

Usage& Usage::operator+=(const Usage& other) {
  bytes += other.bytes;
  rate += other.rate;
  open_times += other.open_times;
  return *this;
}

}  // namespace dvpn::gateway
