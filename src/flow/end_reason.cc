// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/end_reason.h"

namespace dvpn::flow {

std::string_view name(EndReason reason) {
  static constexpr std::array<std::string_view, kEndReasons> kNames = {
      "done",
      "idle",
      "client-reset",
      "target-reset",
      "refused",
      "host-unreachable",
      "network-unreachable",
      "timed-out",
      "prohibited",
      "far-limit",
      "far-failed",
      "far-protocol",
      "far-broken",
      "no-relay",
      "session-lost",
      "gateway-unreachable",
      "gateway-limit",
      "gateway-protocol",
      "gateway-timeout",
      "host-key-unknown",
      "host-key-changed",
      "authentication",
      "open-timeout",
      "client-gone",
      "no-route",
      "own-network",
      "not-redirected",
      "flow-limit",
      "client-limit",
      "held-limit",
      "port-taken",
      "system",
      "shutdown",
  };
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace dvpn::flow
