// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/pool_policy.h"

#include <algorithm>
#include <tuple>

namespace dvpn::gateway {

PoolDecision decide(std::span<const SessionLoad> sessions, Growth growth, const PoolLimits& limits) {
  if (sessions.empty()) return {.use = std::nullopt, .grow = growth == Growth::kPossible};
  const auto best = std::ranges::min_element(sessions, [](const SessionLoad& a, const SessionLoad& b) {
    return std::tuple(a.busy, a.flows) < std::tuple(b.busy, b.flows);
  });
  const bool may_grow = sessions.size() < limits.sessions;
  const bool crowded = best->busy || best->flows >= limits.channels_per_session;
  const bool full = best->flows >= limits.channels_per_session * kFull;
  PoolDecision decision{.use = std::nullopt, .grow = crowded && may_grow && growth == Growth::kPossible};
  const bool waits = full && may_grow && growth != Growth::kImpossible;
  if (!waits) decision.use = static_cast<std::size_t>(best - sessions.begin());
  return decision;
}

}  // namespace dvpn::gateway
