// SPDX-License-Identifier: GPL-2.0-or-later
// Which session of a gateway's pool takes the next channel, and whether the pool should grow. Pure.
//
// Idle channels on a session cost its active ones dearly, and the cost is the far sshd's: one download beside 512 idle
// channels runs at a seventh. So channels are spread, few to a session, and the pool grows ahead of need, one
// handshake at a time (sshd's MaxStartups counts those that have not authenticated).
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace dvpn::gateway {

struct PoolLimits {
  std::size_t channels_per_session = 32;  ///< beyond it the pool grows, if it still may
  std::size_t sessions = 16;
};

struct PoolDecision {
  std::optional<std::size_t> use;  ///< the session for the next channel; none: wait for one that is being set up
  bool grow = false;              ///< a session more should be set up now
};

/// `channels` holds the number of channels on each established session.
PoolDecision decide(std::span<const std::size_t> channels, bool connecting, const PoolLimits& limits);

}  // namespace dvpn::gateway
