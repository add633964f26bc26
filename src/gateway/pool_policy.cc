// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/pool_policy.h"

#include <algorithm>

namespace dvpn::gateway {

PoolDecision decide(std::span<const std::size_t> channels, Growth growth, const PoolLimits& limits) {
  if (channels.empty()) return {.use = std::nullopt, .grow = growth == Growth::kPossible};
  const auto emptiest = std::ranges::min_element(channels);
  const bool may_grow = channels.size() < limits.sessions;
  const bool crowded = *emptiest >= limits.channels_per_session;
  const bool full = *emptiest >= limits.channels_per_session * kFull;
  PoolDecision decision{.use = std::nullopt, .grow = crowded && may_grow && growth == Growth::kPossible};
  const bool waits = full && may_grow && growth != Growth::kImpossible;
  if (!waits) decision.use = static_cast<std::size_t>(emptiest - channels.begin());
  return decision;
}

}  // namespace dvpn::gateway
