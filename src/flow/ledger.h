// SPDX-License-Identifier: GPL-2.0-or-later
// What a worker's flows have moved and how fast, one by one and by gateway, and how long their openings took.
//
// The rates are the daemon's, not the difference of two answers: so one question has them, and the busiest of many flows can be
// found without handing all of them out. Each flow costs a look a second. Belongs to the worker's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <unordered_map>

#include "flow/flow.h"
#include "gateway/usage.h"

namespace dvpn::flow {

class Ledger {
 public:
  using Flows = std::map<std::uint64_t, Flow*>;

  /// About once a second: brings the rates up to date.
  void measure(const Flows& flows, Flow::Clock::time_point now = Flow::Clock::now());

  /// The last word on a flow.
  void ended(Flow& flow);

  /// What has gone through each gateway, with `flows`, which are still open.
  std::unordered_map<const gateway::Gateway*, gateway::Usage> usage(const Flows& flows) const;

 private:
  struct Page {
    gateway::Traffic ended;  ///< of flows that have
    gateway::OpenTimes open_times;
    gateway::Pace pace;
  };
  void note_opening(Flow& flow);

  std::unordered_map<const gateway::Gateway*, Page> pages_;
  Flow::Clock::time_point measured_ = Flow::Clock::now();
};

}  // namespace dvpn::flow
