// SPDX-License-Identifier: GPL-2.0-or-later
// What to do with a request: answer it, or open a way to its target first. Pure.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>

#include "relay/access_list.h"
#include "wire/answer.h"
#include "wire/request.h"

namespace dvpn::relay {

/// What a request that may go on needs.
struct Opening {
  config::Protocol protocol = config::Protocol::kTcp;
  net::Endpoint target;                   ///< a ping's has port 0
  std::optional<net::Endpoint> source{};  ///< the client's, if the target is to see that
  std::chrono::milliseconds deadline{0};  ///< how long it may take
};

struct Decision {
  std::optional<Opening> open;
  wire::Answer answer;  ///< unless `open`
  bool is_about_the_client = false;  ///< the target would be allowed, for another client
};

/// Of tcp, udp and echo; tcp for others.
config::Protocol protocol_of(wire::Kind kind);

/// `features`: what this relay can do here, as wire::Answer has it.
Decision decide(const std::expected<wire::Request, wire::Status>& request, uid_t caller, const AccessList& access,
                std::uint32_t features, std::chrono::milliseconds connect_timeout);

/// The answer that a connection gets instead, whatever it asks. Not for kUnsupported.
wire::Answer no(wire::Status status);
wire::Answer no(wire::Limit limit);
/// The answer to what this relay does not know or cannot do.
wire::Answer unsupported(std::uint32_t features);

}  // namespace dvpn::relay
