// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/flow_machine.h"

namespace dvpn::relay {

Step FlowMachine::up_ended() {
  up_open_ = false;
  return finished();
}

Step FlowMachine::down_ended() {
  down_open_ = false;
  return finished();
}

Step FlowMachine::channel_half_closed() const {
  if (!up_open_) return {};
  return {Action::kAbort, Outcome::kChannelBroken};
}

Step FlowMachine::channel_gone() const {
  if (!down_open_) return {};
  return {Action::kAbort, Outcome::kChannelBroken};
}

Step FlowMachine::finished() const {
  if (up_open_ || down_open_) return {};
  return {Action::kClose, Outcome::kFinished};
}

}  // namespace dvpn::relay
