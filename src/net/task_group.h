// SPDX-License-Identifier: GPL-2.0-or-later
// Owns running coroutines: whoever spawns one through a group joins the group before the things that the coroutine
// uses are destroyed. Belongs to one thread.
#pragma once

#include <exception>

#include "net/signal.h"

namespace dvpn::net {

class TaskGroup {
 public:
  explicit TaskGroup(const Executor& executor) : executor_(executor), finished_(executor) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task` from the event loop. An exception that leaves it is a bug and ends the process.
  void spawn(Task<> task) {
    ++running_;
    asio::co_spawn(executor_, std::move(task), [this](std::exception_ptr failure) {
      if (failure) std::terminate();
      if (--running_ == 0) finished_.notify();
    });
  }

  std::size_t running() const { return running_; }

  /// Waits until all have ended. Unbounded: the caller has told them to stop.
  Task<> join() {
    while (running_ > 0) co_await finished_.wait();
  }

 private:
  Executor executor_;
  Signal finished_;
  std::size_t running_ = 0;
};

}  // namespace dvpn::net
