// SPDX-License-Identifier: GPL-2.0-or-later
// What to do with a request: answer it, or connect first. Pure.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <expected>

#include "relay/access_list.h"
#include "wire/answer.h"
#include "wire/request.h"

namespace dvpn::relay {

struct Decision {
  bool connect = false;
  wire::Answer answer;                     ///< unless `connect`
  std::chrono::milliseconds deadline{0};   ///< with `connect`: how long that may take
};

Decision decide(const std::expected<wire::Request, wire::Status>& request, uid_t caller, const AccessList& access,
                std::chrono::milliseconds connect_timeout);

/// The answer that a connection gets instead, whatever it asks.
wire::Answer no(wire::Status status);

}  // namespace dvpn::relay
