// SPDX-License-Identifier: GPL-2.0-or-later
// How a flow gets its channel: the gateways of its route one after the other, then the relay's request. A flow that has its
// client already sends the client's data right behind the request; one that is held by the gate waits for the answer;
// one of datagrams sends the first of them, and then waits.
#pragma once

#include <functional>
#include <span>

#include "flow/far_reader.h"
#include "flow/flow.h"
#include "gateway/choice.h"

namespace dvpn::flow {

/// The worker's gateway for a line of the table; made when first asked for.
using GatewayOf = std::function<gateway::Gateway&(const table::GatewaySpec&)>;

/// The gateways of a route in the order in which a flow that begins now tries them; those that it passes over are revived.
std::vector<gateway::Gateway*> order_of_gateways(const table::Route& route, const GatewayOf& gateway_of, std::uint32_t random);

/// Gives the flow a channel, or ends it with the reason that says most of those that its gateways gave. A gateway that cannot be
/// reached, or cannot reach the target's machine, is followed by the next one; a target that refused is believed. For a flow that is held the far side has
/// said yes on return: `reader` has read that, and what came behind it is in `early`; a session that breaks before is
/// replaced once. `scratch` is the worker's, see copy.h.
net::Task<> open_channel(Flow& flow, FarReader& reader, GatewayOf gateway_of, std::uint32_t random, std::span<char> scratch);

/// What the relay is asked for.
std::string relay_request(const Flow& flow);

/// How a failure to get a channel ends the flow, and whether another gateway may do better.
struct Refusal {
  EndReason reason;
  std::string why;
  bool try_next;
  bool try_again = false;  ///< before that: the same gateway may do better at once
};
Refusal refusal(const gateway::Failure& failure, table::Via via);

}  // namespace dvpn::flow
