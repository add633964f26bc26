// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/rate_limit.h"

#include <algorithm>
#include <utility>

namespace dvpn {

std::optional<std::uint64_t> RateLimit::allow(Clock::time_point now) {
  if (const auto earned = (now - refilled_) / interval_; earned > 0) {
    tokens_ = static_cast<std::uint32_t>(std::min<std::int64_t>(burst_, tokens_ + earned));
    refilled_ = tokens_ == burst_ ? now : refilled_ + earned * interval_;
  }
  if (tokens_ == 0) {
    ++held_back_;
    return std::nullopt;
  }
  --tokens_;
  return std::exchange(held_back_, 0);
}

}  // namespace dvpn
