// SPDX-License-Identifier: GPL-2.0-or-later
// Which session of a gateway's pool takes the next channel, and whether the pool should grow. Pure.
//
// Idle channels on a session cost its active ones dearly, and the cost is the far sshd's: one download beside 512 idle
// channels runs at a seventh. So channels are spread, few to a session, and the pool grows ahead of need, one
// handshake at a time (sshd's MaxStartups counts those that have not authenticated). A burst would outrun it and end on
// the first session: beyond kFull times the wanted number flows wait for the next session instead.
// A session is one queue of packets: a keystroke behind a transfer waits for what that has under way. So a session that is
// busy with transfers is left to them while there is another, and when all are busy the pool grows by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace dvpn::gateway {

/// A session with so many times its wanted channels takes no more while the pool can grow.
inline constexpr std::size_t kFull = 8;

struct PoolLimits {
  std::size_t channels_per_session = 0;  ///< beyond it the pool grows, if it still may
  std::size_t sessions = 0;
};

/// A session that has moved so much in a second is busy: at 50 Mbit/s a keystroke's packet waits for others already.
inline constexpr std::uint64_t kBusyBytes = 6u << 20;

struct SessionLoad {
  std::size_t flows = 0;
  bool busy = false;
};

/// Whether there will be another session.
enum class Growth : std::uint8_t { kPossible, kUnderWay, kImpossible };

struct PoolDecision {
  std::optional<std::size_t> use;  ///< the session for the next channel; none: wait for one that is being set up
  bool grow = false;              ///< a session more should be set up now
};

/// `sessions` are the established ones.
PoolDecision decide(std::span<const SessionLoad> sessions, Growth growth, const PoolLimits& limits);

}  // namespace dvpn::gateway
