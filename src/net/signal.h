// SPDX-License-Identifier: GPL-2.0-or-later
// "Something changed, look again": wakes the one coroutine that waits. Belongs to one thread.
#pragma once

#include "net/asio.h"

namespace dvpn::net {

class Signal {
 public:
  explicit Signal(const Executor& executor) : timer_(executor, Timer::time_point::max()) {}

  /// Returns after notify(), at once if that was called since the last wait() returned. At most one coroutine may
  /// wait. Unbounded: ended by notify().
  Task<> wait() {
    while (!notified_) co_await timer_.async_wait(use_result);
    notified_ = false;
  }

  /// Never blocks and runs nothing before it returns: the waiter is resumed from the event loop.
  void notify() {
    if (notified_) return;
    notified_ = true;
    timer_.cancel();
  }

 private:
  Timer timer_;
  bool notified_ = false;
};

}  // namespace dvpn::net
