// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/errno_status.h"

#include <cerrno>

namespace dvpn::relay {

using wire::Status;

wire::Status connect_status(int error) {
  switch (error) {
    case 0: return Status::kOk;
    case ECONNREFUSED:
    case ECONNRESET: return Status::kRefused;
    case EHOSTUNREACH:
    case EHOSTDOWN: return Status::kHostUnreachable;
    case ENETUNREACH:
    case ENETDOWN: return Status::kNetworkUnreachable;
    case ETIMEDOUT: return Status::kTimedOut;
    case EACCES:
    case EPERM: return Status::kProhibited;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL: return Status::kLimit;
    default: return Status::kFailed;
  }
}

wire::Status reset_status(int error) {
  switch (error) {
    case 0:
    case ECONNRESET:
    case EPIPE: return Status::kPeerReset;
    default: return connect_status(error);
  }
}

}  // namespace dvpn::relay
