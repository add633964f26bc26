// SPDX-License-Identifier: GPL-2.0-or-later
// How a request ended, and why a flow was reset: one numbering of our own for both, never a raw errno, because the
// two ends may run on different systems.
#pragma once

#include <cstdint>
#include <string_view>

namespace dvpn::wire {

enum class Status : std::uint8_t {
  kOk = 0,
  kRefused = 1,
  kHostUnreachable = 2,
  kNetworkUnreachable = 3,
  kTimedOut = 4,
  kProhibited = 5,
  kLimit = 6,
  kUnsupported = 7,
  kMalformed = 8,
  kFailed = 9,         ///< anything else
  kPeerReset = 10,     ///< reset frames only
  kShuttingDown = 11,  ///< reset frames only
};

/// A short phrase for logs: "connection refused".
std::string_view to_text(Status status);

/// With kLimit: which of the relay's own, as relay.yaml names it. A number that this version does not know is kNone.
enum class Limit : std::uint8_t { kNone = 0, kFlows = 1, kFlowsPerAccount = 2, kSparesPerAccount = 3 };

/// "limits.flows"; empty for kNone.
std::string_view key_of(Limit limit);
Limit limit_from_byte(std::uint8_t byte);

/// A number that this version does not know reads as kFailed.
Status status_from_byte(std::uint8_t byte);

}  // namespace dvpn::wire
