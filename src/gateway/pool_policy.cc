// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/pool_policy.h"

#include <algorithm>

namespace dvpn::gateway {

PoolDecision decide(std::span<const std::size_t> channels, bool connecting, const PoolLimits& limits) {
  if (channels.empty()) return {.use = std::nullopt, .grow = !connecting};
  const auto emptiest = std::ranges::min_element(channels);
  const bool crowded = *emptiest >= limits.channels_per_session;
  return {.use = static_cast<std::size_t>(emptiest - channels.begin()),
          .grow = crowded && !connecting && channels.size() < limits.sessions};
}

}  // namespace dvpn::gateway
