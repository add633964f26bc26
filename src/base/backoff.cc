// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/backoff.h"

#include <algorithm>

namespace dvpn {

Backoff::Duration Backoff::failed(std::uint32_t random) {
  constexpr unsigned kMostDoublings = 30;  // beyond any sensible ratio of `most` to `first`, below overflow
  const auto ceiling = std::min(most_, first_ * (std::int64_t{1} << std::min(failures_, kMostDoublings)));
  ++failures_;
  const std::int64_t half = ceiling.count() / 2;
  const std::int64_t spread = ceiling.count() - half;
  return Duration(half + (spread * static_cast<std::int64_t>(random) >> 32));
}

}  // namespace dvpn
