// SPDX-License-Identifier: GPL-2.0-or-later
// What works on an open flow of datagrams, until it has ended. Nothing is waited with: what the client sends while the channel
// takes nothing stays in its socket's buffer, which drops, and counts, what does not fit; what its socket does not take is
// dropped. What is another for pings is in ping_copy.h. `scratch`: see copy.h.
#pragma once

#include <span>

#include "flow/far_reader.h"
#include "flow/flow.h"

namespace dvpn::flow {

/// Client to far side.
net::Task<> copy_datagrams_up(Flow& flow, std::span<char> scratch);

/// Far side to client: datagrams, and what became of those that did not arrive.
net::Task<> copy_datagrams_down(Flow& flow, FarReader& reader, std::span<char> scratch);

/// Ends a flow that nothing has gone through for a while.
net::Task<> watch_idleness(Flow& flow);

/// Gives `pending_up` to the channel; returns early if the flow or the channel ends.
net::Task<> drain_up(Flow& flow);

/// Puts what waits at the client's socket into `early`, for the request.
void take_early(Flow& flow, std::span<char> scratch);

}  // namespace dvpn::flow
