// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/reception.h"

#include <algorithm>

namespace dvpn::control {

namespace {

constexpr auto kAcceptPause = std::chrono::milliseconds(200);

void hang_up(Reception::Socket& socket) {
  net::error_code ignored;
  socket.close(ignored);
}

}  // namespace

void Reception::start(Talk talk) {
  talk_ = std::move(talk);
  if (acceptor_) tasks_.spawn(accept_loop());
}

void Reception::stop() {
  if (stopped_) return;
  stopped_ = true;
  net::error_code ignored;
  pause_.cancel();
  if (acceptor_) acceptor_->close(ignored);
  for (Caller* const one : callers_)
    if (one->state != Caller::State::kAnswered) hang_up(one->socket);
}

net::Deadline Reception::patience(Caller& caller) {
  return net::Deadline(executor_, stopped_ ? kLastPatience : kPatience, [&caller] { hang_up(caller.socket); });
}

bool Reception::heard(Caller& caller) {
  const auto found = std::ranges::find(callers_, &caller);
  if (stopped_ || found == callers_.end()) return false;
  caller.state = Caller::State::kAnswered;
  callers_.splice(callers_.end(), callers_, found);
  return true;
}

/// False: there is none.
bool Reception::make_room() {
  if (callers_.size() < kMostCallers) return true;
  const auto silent = std::ranges::find(callers_, Caller::State::kSilent, &Caller::state);
  if (silent == callers_.end()) return false;
  hang_up((*silent)->socket);
  callers_.erase(silent);
  return true;
}

net::Task<> Reception::accept_loop() {
  while (!stopped_) {
    // Unbounded: ended by a caller or by stop().
    auto [error, socket] = co_await acceptor_->async_accept(net::use_result);
    if (stopped_) break;
    if (error) {  // out of descriptors, say: that passes
      pause_.expires_after(kAcceptPause);
      co_await pause_.async_wait(net::use_result);
      continue;
    }
    if (!make_room()) continue;
    auto caller = std::make_unique<Caller>(std::move(socket));
    callers_.push_back(caller.get());
    tasks_.spawn(receive(std::move(caller)));
  }
}

net::Task<> Reception::receive(std::unique_ptr<Caller> owned) {
  auto talking = talk_(*owned);
  co_await std::move(talking);
  callers_.remove(owned.get());
}

}  // namespace dvpn::control
