// SPDX-License-Identifier: GPL-2.0-or-later
// How a flow gets its channel: the gateways of its route one after the other, then the relay's request.
#pragma once

#include <functional>

#include "flow/flow.h"
#include "gateway/choice.h"

namespace dvpn::flow {

/// The worker's gateway for a line of the table; made when first asked for.
using GatewayOf = std::function<gateway::Gateway&(const table::GatewaySpec&)>;

/// Gives the flow a channel, or ends it with the reason of the last gateway tried. A gateway that cannot be reached is
/// followed by the next one; a far side that was reached and said no is believed.
net::Task<> open_channel(Flow& flow, GatewayOf gateway_of, std::uint32_t random);

/// What the relay is asked for.
std::string relay_request(const Flow& flow);

/// How a failure to get a channel ends the flow, and whether another gateway may do better.
struct Refusal {
  EndReason reason;
  std::string why;
  bool try_next;
};
Refusal refusal(const gateway::Failure& failure, table::Via via);

}  // namespace dvpn::flow
