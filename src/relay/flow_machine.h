// SPDX-License-Identifier: GPL-2.0-or-later
// How a flow ends: two halves, up (gateway to target) and down, that finish on their own, and everything that ends both
// at once. Pure; each event returns what the driver has to do.
//
//              up ended?  down ended?
//   end frame     →yes        -         finished when both are
//   target FIN     -        →yes
//   reset frame, protocol error, target failed: over at once, whatever the halves
//   channel EOF   no: broken  -         yes: means nothing (PROTOCOL.md, "Frames", 3)
//   channel gone   -        no: broken  yes: what is left to read of the up half still counts
#pragma once

#include <cstdint>

#include "relay/outcome.h"
#include "wire/status.h"

namespace dvpn::relay {

enum class Action : std::uint8_t {
  kGoOn,
  kClose,  ///< both halves are complete: close both sides
  kAbort,  ///< reset the target and close; there is nobody to tell
  kTell,   ///< reset the target, send a reset frame with `reason`, close
};

struct Step {
  Action action = Action::kGoOn;
  Outcome outcome = Outcome::kFinished;       ///< unless kGoOn
  wire::Status reason = wire::Status::kOk;    ///< with kTell
  bool operator==(const Step&) const = default;
};

class FlowMachine {
 public:
  Step up_ended();
  Step down_ended();
  Step reset_frame() const { return {Action::kAbort, Outcome::kChannelReset}; }
  Step protocol_error() const { return {Action::kTell, Outcome::kProtocolError, wire::Status::kMalformed}; }
  Step target_failed(wire::Status reason) const { return {Action::kTell, Outcome::kTargetReset, reason}; }
  Step channel_half_closed() const;
  Step channel_gone() const;
  Step shut_down() const { return {Action::kTell, Outcome::kShutDown, wire::Status::kShuttingDown}; }

  bool is_up_open() const { return up_open_; }
  bool is_down_open() const { return down_open_; }

 private:
  Step finished() const;

  bool up_open_ = true;
  bool down_open_ = true;
};

}  // namespace dvpn::relay
