// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/status.h"

namespace dvpn::wire {

std::string_view to_text(Status status) {
  switch (status) {
    case Status::kOk: return "ok";
    case Status::kRefused: return "connection refused";
    case Status::kHostUnreachable: return "host unreachable";
    case Status::kNetworkUnreachable: return "network unreachable";
    case Status::kTimedOut: return "timed out";
    case Status::kProhibited: return "prohibited";
    case Status::kLimit: return "limit reached";
    case Status::kUnsupported: return "unsupported";
    case Status::kMalformed: return "malformed";
    case Status::kFailed: return "failed";
    case Status::kPeerReset: return "reset by peer";
    case Status::kShuttingDown: return "shutting down";
  }
  return "failed";
}

std::string_view key_of(Limit limit) {
  switch (limit) {
    case Limit::kNone: break;
    case Limit::kFlows: return "limits.flows";
    case Limit::kFlowsPerAccount: return "limits.flows_per_account";
    case Limit::kSparesPerAccount: return "limits.spares_per_account";
  }
  return {};
}

Limit limit_from_byte(std::uint8_t byte) { return byte <= static_cast<std::uint8_t>(Limit::kSparesPerAccount) ? static_cast<Limit>(byte) : Limit::kNone; }

Status status_from_byte(std::uint8_t byte) {
  return byte <= static_cast<std::uint8_t>(Status::kShuttingDown) ? static_cast<Status>(byte) : Status::kFailed;
}

}  // namespace dvpn::wire
