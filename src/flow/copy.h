// SPDX-License-Identifier: GPL-2.0-or-later
// The two half copies of an open flow. Both return when the flow has ended or their half has finished; neither blocks.
#pragma once

#include <span>

#include "flow/far_reader.h"
#include "flow/flow.h"

namespace dvpn::flow {

/// Client to far side. `scratch` is the worker's: used between waits only, at least kScratch bytes.
net::Task<> copy_up(Flow& flow, std::span<char> scratch);

/// Far side to client.
net::Task<> copy_down(Flow& flow, FarReader& reader, std::span<char> scratch);

inline constexpr std::size_t kScratch = ssh::Channel::kMostBuffered;

}  // namespace dvpn::flow
