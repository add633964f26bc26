// SPDX-License-Identifier: GPL-2.0-or-later
// Why there is no session with a gateway, or no channel on it.
#pragma once

#include <cstdint>
#include <string>

namespace dvpn::ssh {

enum class SessionTrouble : std::uint8_t {
  kUnreachable,      ///< no TCP connection to its sshd
  kTurnedAway,       ///< its sshd closed the connection before the handshake: it has too many (MaxStartups), or penalties for us
  kProtocol,         ///< the handshake failed, or what answers is no SSH server that can be used
  kTimeout,          ///< the handshake was not finished in time
  kHostKeyUnknown,   ///< no host key is pinned for it
  kHostKeyChanged,   ///< it showed another key than the pinned ones, or a revoked one
  kAuthentication,   ///< it accepts none of our keys
  kLost,             ///< an established session broke or stopped answering
  kClosed,           ///< we closed it
};

struct SessionFailure {
  SessionTrouble trouble;
  std::string text;
};

enum class OpenTrouble : std::uint8_t {
  kProhibited,   ///< administratively prohibited by sshd (RFC 4254, 5.1: reason 1)
  kRefused,      ///< the target refused the connection
  kUnreachable,  ///< no route to host
  kNoNetwork,    ///< network unreachable
  kTimedOut,     ///< the target did not answer sshd's attempt
  kFailed,       ///< sshd says just that it failed
  kSessionLost,  ///< the session ended first
};

struct OpenFailure {
  OpenTrouble trouble;
  std::string text;
};

}  // namespace dvpn::ssh
