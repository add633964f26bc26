// SPDX-License-Identifier: GPL-2.0-or-later
// What works on a flow of pings. There is no socket: its client's pings come from the front one by one (Worker::ping), and replies
// go out as packets in the target's name. A reply is made only of one that came, so it has taken the true round trip.
#pragma once

#include <string_view>

#include "flow/flow.h"

namespace dvpn::flow {

/// A ping of the client's: it goes up as soon as the channel takes it, with the request if there is no channel yet. Dropped, and
/// counted, if too many are out or wait.
void ask_ping(Flow& flow, const Ping& ping);

/// Client to far side.
net::Task<> copy_pings_up(Flow& flow);

/// A datagram of the far side's: a reply.
void answer_ping(Flow& flow, std::string_view datagram);

/// One of the client's did not arrive; `detail` says which.
void tell_unreachable(Flow& flow, std::string_view detail, intercept::Verdict verdict);

/// The flow has ended: those that are out still will not be answered. Their client is told why, if there is something to say.
void give_up_pings(Flow& flow);

}  // namespace dvpn::flow
