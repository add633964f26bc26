// SPDX-License-Identifier: GPL-2.0-or-later
// Wakes every coroutine that waits for a state of its own choosing. Belongs to one thread.
#pragma once

#include "net/asio.h"

namespace dvpn::net {

class Condition {
 public:
  explicit Condition(const Executor& executor) : timer_(executor, Timer::time_point::max()) {}

  /// Returns at the next notify_all(). The caller looks at its predicate again; nothing may be awaited between that
  /// look and this call. Unbounded: the caller arms a deadline that notifies.
  Task<> wait() { co_await timer_.async_wait(use_result); }

  void notify_all() { timer_.cancel(); }

 private:
  Timer timer_;
};

}  // namespace dvpn::net
