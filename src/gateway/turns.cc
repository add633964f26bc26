// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/turns.h"

namespace dvpn::gateway {

Turns::Turn::Turn(Turns& turns, std::string host, net::Port port, std::size_t most, std::function<void()> wake)
    : turns_(turns), key_(std::move(host), port), most_(most), wake_(std::move(wake)) {
  const std::lock_guard lock(turns_.mutex_);
  Line& line = turns_.lines_[key_];
  if (line.waiting.empty() && line.at_it < most_) {
    ++line.at_it;
    state_ = State::kHas;
  } else {
    line.waiting.push_back(this);
  }
}

Turns::Turn::~Turn() {
  const std::lock_guard lock(turns_.mutex_);
  Line& line = turns_.lines_[key_];
  if (state_ == State::kHas) --line.at_it;
  if (state_ == State::kWaits) line.waiting.remove(this);
  turns_.let_in(line);
  if (line.empty()) turns_.lines_.erase(key_);
}

Turns::Turn::State Turns::Turn::state() const {
  const std::lock_guard lock(turns_.mutex_);
  return state_;
}

ssh::SessionFailure Turns::Turn::failure() const {
  const std::lock_guard lock(turns_.mutex_);
  return failure_.value_or(ssh::SessionFailure{ssh::SessionTrouble::kClosed, "nothing has failed"});
}

void Turns::Turn::failed(const ssh::SessionFailure& failure) {
  const std::lock_guard lock(turns_.mutex_);
  Line& line = turns_.lines_[key_];
  for (Turn* const turn : line.waiting) {
    turn->state_ = State::kFailed;
    turn->failure_ = failure;
    turn->wake_();
  }
  line.waiting.clear();
}

void Turns::Turn::succeeded() {
  const std::lock_guard lock(turns_.mutex_);
  for (Setback* const setback : turns_.lines_[key_].set_back) setback->over_ = true;
}

Turns::Setback::Setback(Turns& turns, std::string host, net::Port port) : turns_(turns), key_(std::move(host), port) {
  const std::lock_guard lock(turns_.mutex_);
  turns_.lines_[key_].set_back.push_back(this);
}

Turns::Setback::~Setback() {
  const std::lock_guard lock(turns_.mutex_);
  Line& line = turns_.lines_[key_];
  line.set_back.remove(this);
  if (line.empty()) turns_.lines_.erase(key_);
}

bool Turns::Setback::over() const {
  const std::lock_guard lock(turns_.mutex_);
  return over_;
}

/// The lock is held.
void Turns::let_in(Line& line) {
  while (!line.waiting.empty() && line.at_it < line.waiting.front()->most_) {
    Turn* const next = line.waiting.front();
    line.waiting.pop_front();
    ++line.at_it;
    next->state_ = Turn::State::kHas;
    next->wake_();
  }
}

}  // namespace dvpn::gateway
