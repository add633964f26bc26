// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/channel.h"

#include <algorithm>

#include "ssh/session_handle.h"

namespace dvpn::ssh {

namespace {

/// As much as one call hands to libssh: it encrypts it packet by packet and sends at once.
constexpr std::size_t kMostWrite = 256u << 10;

}  // namespace

Channel::Channel(Session& session, std::unique_ptr<ChannelState> state) : session_(session), state_(std::move(state)) {}

Channel::~Channel() { session_.abandon(std::move(state_)); }

bool Channel::alive() const { return state_->phase == ChannelPhase::kOpen && !state_->closed; }

bool Channel::untouched() const { return alive() && !state_->data && !state_->eof; }

Channel::Read Channel::read(std::span<char> buffer, std::uint32_t window) {
  if (state_->phase != ChannelPhase::kOpen) return {.bytes = 0, .eof = true, .lost = true};
  if (!state_->data) return {.bytes = 0, .eof = state_->eof, .lost = false};
  state_->data = false;
  const int arrived = ssh_channel_poll(state_->handle, 0);
  int rc = 0;
  if (arrived > 0) {
    // The call also opens the window so far that `count` bytes fit beside what has arrived: done when an eighth of it is used, so that
    // the far side is seldom out of it on a long path.
    state_->read_since += static_cast<std::size_t>(arrived);
    const bool reopen = state_->read_since >= window / 8;
    if (reopen) state_->read_since = 0;
    if (reopen && window > 0) state_->widened = true;
    const std::size_t count = std::min(std::max<std::size_t>(reopen ? window : 0, static_cast<std::size_t>(arrived)), buffer.size());
    rc = ssh_channel_read_timeout(state_->handle, buffer.data(), static_cast<std::uint32_t>(count), 0, 0);
    state_->data = rc < arrived;
  }
  session_.settle();
  if (state_->phase != ChannelPhase::kOpen) return {.bytes = 0, .eof = true, .lost = true};
  const std::size_t bytes = rc > 0 ? static_cast<std::size_t>(rc) : 0;
  return {.bytes = bytes, .eof = state_->eof && !state_->data && bytes == 0, .lost = false};
}

std::size_t Channel::writable() const {
  if (!alive() || !session_.has_room()) return 0;
  return std::min<std::size_t>(ssh_channel_window_size(state_->handle), kMostWrite);
}

std::size_t Channel::write(std::string_view data) {
  const std::size_t most = std::min(data.size(), writable());
  if (most == 0) return 0;
  const int rc = ssh_channel_write(state_->handle, data.data(), static_cast<std::uint32_t>(most));
  const std::size_t bytes = rc > 0 ? static_cast<std::size_t>(rc) : 0;
  session_.count_written(bytes);
  session_.settle();
  return bytes;
}

void Channel::send_eof() {
  if (!alive()) return;
  ssh_channel_send_eof(state_->handle);
  session_.settle();
}

net::Task<> Channel::wait_readable() {
  while (!state_->data && !state_->eof && state_->phase == ChannelPhase::kOpen && !state_->woken)
    co_await state_->readable.wait();
}

net::Task<> Channel::wait_answer() {
  while (!state_->data && !state_->eof && state_->phase == ChannelPhase::kOpen && !state_->woken && session_.answers())
    co_await state_->readable.wait();
}

net::Task<> Channel::wait_writable() {
  while (alive() && writable() == 0 && !state_->woken) {
    if (!state_->waits_to_write) {
      state_->waits_to_write = true;
      session_.write_waiters_.push_back(state_.get());
    }
    co_await state_->writable.wait();
  }
}

net::Task<> Channel::wait_closed() {
  while (alive() && !state_->woken) co_await state_->readable.wait();
}

std::chrono::microseconds Channel::round_trip() const { return session_.round_trip(); }

void Channel::rest() {
  state_->woken = false;
  state_->kept = true;
}

bool Channel::kept() const { return state_->kept; }

bool Channel::widened() const { return state_->widened; }

void Channel::wake() {
  state_->woken = true;
  state_->readable.notify();
  state_->writable.notify();
}

}  // namespace dvpn::ssh
