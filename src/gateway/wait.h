// SPDX-License-Identifier: GPL-2.0-or-later
// One that waits at a gateway for a session or for its turn to open a channel, and may give up. Belongs to one thread.
#pragma once

#include "net/signal.h"

namespace dvpn::gateway {

class Wait {
 public:
  explicit Wait(const net::Executor& executor) : turn_(executor) {}
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  /// The open() that has this ends: at once if it waits for a session or its turn, else with the channel that is opening.
  void give_up() {
    given_up_ = true;
    look_again();
  }

 private:
  friend class Gateway;
  void look_again() { turn_.notify(); }

  net::Signal turn_;
  bool given_up_ = false;
};

}  // namespace dvpn::gateway
