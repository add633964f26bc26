// SPDX-License-Identifier: GPL-2.0-or-later
// Bounds a wait: does something once unless it goes out of scope first. Belongs to one thread.
#pragma once

#include <functional>
#include <memory>

#include "net/asio.h"

namespace dvpn::net {

class Deadline {
 public:
  /// Calls `expire` once, from the event loop, `after` from now, unless this object is gone by then.
  Deadline(const Executor& executor, std::chrono::milliseconds after, std::function<void()> expire)
      : state_(std::make_shared<State>(executor, std::move(expire))) {
    state_->timer.expires_after(after);
    // The handler may already be queued when this object goes: it owns what it looks at.
    state_->timer.async_wait([state = state_](error_code error) {
      if (error || !state->armed) return;
      state->armed = false;
      state->expired = true;
      state->expire();
    });
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() {
    state_->armed = false;
    state_->timer.cancel();
  }

  bool expired() const { return state_->expired; }

 private:
  struct State {
    State(const Executor& executor, std::function<void()> action) : timer(executor), expire(std::move(action)) {}
    Timer timer;
    std::function<void()> expire;
    bool armed = true;
    bool expired = false;
  };
  std::shared_ptr<State> state_;
};

}  // namespace dvpn::net
