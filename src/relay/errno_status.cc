// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/errno_status.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include <cerrno>

namespace dvpn::relay {

wire::Status connect_status(int error) {
  using wire::Status;
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
  using wire::Status;
  switch (error) {
    case 0:
    case ECONNRESET:
    case EPIPE: return Status::kPeerReset;
    default: return connect_status(error);
  }
}

std::optional<wire::Status> icmp_status(std::uint8_t type, std::uint8_t code) {
  using wire::Status;
  if (type == ICMP_TIME_EXCEEDED) return Status::kHostUnreachable;
  if (type == ICMP_PARAMETERPROB) return Status::kFailed;
  if (type != ICMP_DEST_UNREACH) return std::nullopt;
  switch (code) {
    case ICMP_PORT_UNREACH: return Status::kRefused;
    case ICMP_NET_UNREACH:
    case ICMP_NET_UNKNOWN:
    case ICMP_NET_UNR_TOS: return Status::kNetworkUnreachable;
    case ICMP_HOST_UNREACH:
    case ICMP_HOST_UNKNOWN:
    case ICMP_HOST_ISOLATED:
    case ICMP_HOST_UNR_TOS: return Status::kHostUnreachable;
    case ICMP_NET_ANO:
    case ICMP_HOST_ANO:
    case ICMP_PKT_FILTERED:
    case ICMP_PREC_VIOLATION:
    case ICMP_PREC_CUTOFF: return Status::kProhibited;
    case ICMP_FRAG_NEEDED: return std::nullopt;
    default: return Status::kFailed;
  }
}

std::optional<wire::Status> icmp6_status(std::uint8_t type, std::uint8_t code) {
  using wire::Status;
  constexpr std::uint8_t kSourcePolicy = 5;
  constexpr std::uint8_t kRejectRoute = 6;
  if (type == ICMP6_TIME_EXCEEDED) return Status::kHostUnreachable;
  if (type == ICMP6_PARAM_PROB) return Status::kFailed;
  if (type != ICMP6_DST_UNREACH) return std::nullopt;
  switch (code) {
    case ICMP6_DST_UNREACH_NOROUTE: return Status::kNetworkUnreachable;
    case ICMP6_DST_UNREACH_BEYONDSCOPE:
    case ICMP6_DST_UNREACH_ADDR: return Status::kHostUnreachable;
    case ICMP6_DST_UNREACH_NOPORT: return Status::kRefused;
    case ICMP6_DST_UNREACH_ADMIN:
    case kSourcePolicy:
    case kRejectRoute: return Status::kProhibited;
    default: return Status::kFailed;
  }
}

}  // namespace dvpn::relay
