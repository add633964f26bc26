// SPDX-License-Identifier: GPL-2.0-or-later
// Every way that a flow can end. Log lines, counters and status come from this list.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dvpn::flow {

enum class EndReason : std::uint8_t {
  kDone,                 ///< both halves finished; of datagrams: the far side ended it
  kIdle,                 ///< a flow of datagrams through which none went for a while
  kClientReset,          ///< the client's side reset it
  kTargetReset,          ///< the far target reset it
  kRefused,              ///< the target refused the connection
  kHostUnreachable,      ///< no route to the target
  kNetworkUnreachable,   ///< no route to its network
  kTimedOut,             ///< the target did not answer
  kProhibited,           ///< the far side's access list, or its sshd, says no
  kFarLimit,             ///< the far side is full
  kFarFailed,            ///< the far side says just that it failed
  kFarProtocol,          ///< the far side broke the protocol, or speaks another version
  kFarBroken,            ///< the channel ended without an end: whatever came so far may be cut off
  kNoRelay,              ///< the gateway's sshd has no relay behind it
  kSessionLost,          ///< the session broke under the flow
  kGatewayUnreachable,   ///< no connection to the gateway's sshd
  kGatewayLimit,         ///< its sshd turned us away before the handshake: MaxStartups, PerSourcePenalties
  kGatewayProtocol,      ///< the handshake with it failed
  kGatewayTimeout,       ///< the handshake was not finished in time
  kHostKeyUnknown,       ///< no host key is pinned for it
  kHostKeyChanged,       ///< it shows another host key than the pinned one
  kAuthentication,       ///< it accepts none of our keys
  kOpenTimeout,          ///< no channel within the limit
  kClientGone,           ///< held by the gate, and its client gave up or never came for the answer
  kNoRoute,              ///< the table has no line for the destination
  kOwnNetwork,           ///< the destination is in the site's own networks
  kNotRedirected,        ///< made straight to the listener's port, or a loop
  kFlowLimit,            ///< as many flows as are allowed at once
  kClientLimit,          ///< as many flows of one client as are allowed at once
  kHeldLimit,            ///< as many of one client as may be held by the gate at once
  kPortTaken,            ///< UDP: a program of this machine has the target's port on all addresses
  kSystem,               ///< a system call failed here
  kShutdown,             ///< the daemon was stopped
};

inline constexpr std::size_t kEndReasons = static_cast<std::size_t>(EndReason::kShutdown) + 1;

/// Its name in logs and status: "host-unreachable". Stable: scripts match it.
std::string_view name(EndReason reason);

}  // namespace dvpn::flow
