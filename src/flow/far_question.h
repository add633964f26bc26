// SPDX-License-Identifier: GPL-2.0-or-later
// One question to a relay that is no flow: would it allow this, is it there, does this target answer. It takes the way of a
// flow: an authenticated session to the first of the route's gateways that can be used, and a channel of its own that is
// closed afterwards. Nothing is sent to a gateway that has not shown its pinned key and taken ours.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "flow/clock_offset.h"
#include "flow/opening.h"
#include "wire/answer.h"
#include "wire/request.h"

namespace dvpn::flow {

struct FarQuestion {
  SnapshotPtr snapshot;
  const table::Route* route = nullptr;  ///< in the snapshot
  wire::Request request;                ///< via=direct: its target is connected to, whatever its kind
  std::chrono::milliseconds within{0};
};

struct FarAnswer {
  /// A gateway that could not be asked, and why.
  struct Unusable {
    std::string gateway;
    EndReason reason = EndReason::kDone;
    std::string why;
  };
  std::vector<Unusable> unusable{};  ///< in the order in which they were tried
  std::string gateway{};             ///< the one that was asked; empty: none could be
  std::optional<EndReason> no{};     ///< how a flow would have ended; none: it would have opened
  std::string why{};
  std::optional<wire::Answer> answer{};  ///< of a relay that gave one
  std::optional<ClockOffset> clock{};    ///< of the same, if it said what time it is
};

/// Asks, within the question's time. `scratch` is the worker's, see copy.h.
net::Task<FarAnswer> ask_far(FarQuestion question, GatewayOf gateway_of, net::Executor executor, std::span<char> scratch);

}  // namespace dvpn::flow
