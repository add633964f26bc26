// SPDX-License-Identifier: GPL-2.0-or-later
// Which of a flow's pings are out: by the token that went up with each, the name that the client gave it. A far side can so
// answer only what was asked, and that once. Pure.
//
// 64 at most, for 10 seconds each: as many and as long as a relay waits for (PROTOCOL.md). Beyond that new ones are refused, and
// the old ones keep their places; the other way round a client that sends too fast would get no reply at all.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "intercept/echo.h"

namespace dvpn::flow {

class PingBook {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMost = 64;
  static constexpr std::chrono::seconds kPatience{10};

  struct Sent {
    intercept::EchoName name;
    std::size_t payload = 0;  ///< bytes
    bool operator==(const Sent&) const = default;
  };

  /// One goes up: its token; nothing if too many are out.
  std::optional<std::uint32_t> enter(const Sent& ping, Clock::time_point now) {
    expire(now);
    if (out_.size() >= kMost) return std::nullopt;
    out_.push_back({next_, ping, now});
    return next_++;
  }

  /// It was answered with so much payload: what it was, once; nothing if that is too late, more than was asked, or it is none of ours.
  std::optional<Sent> take_answered(std::uint32_t token, std::size_t payload, Clock::time_point now) {
    const auto found = find(token, now);
    return found != out_.end() && payload <= found->ping.payload ? take(token, now) : std::nullopt;
  }

  /// It will not be answered: what it was, as above.
  std::optional<Sent> take(std::uint32_t token, Clock::time_point now) {
    const auto found = find(token, now);
    if (found == out_.end()) return std::nullopt;
    const Sent ping = found->ping;
    out_.erase(found);
    return ping;
  }

  /// The oldest that is out, which counts as unanswered; nothing: there are none.
  std::optional<Sent> give_up() {
    if (out_.empty()) return std::nullopt;
    const Sent ping = out_.front().ping;
    out_.pop_front();
    ++unanswered_;
    return ping;
  }

  std::size_t out() const { return out_.size(); }
  std::uint64_t unanswered() const { return unanswered_; }

 private:
  struct Out {
    std::uint32_t token;
    Sent ping;
    Clock::time_point since;
  };

  void expire(Clock::time_point now) {
    while (!out_.empty() && now - out_.front().since > kPatience) (void)give_up();
  }

  std::deque<Out>::iterator find(std::uint32_t token, Clock::time_point now) {
    expire(now);
    return std::ranges::find(out_, token, &Out::token);
  }

  std::deque<Out> out_;  // the oldest first
  std::uint32_t next_ = 1;
  std::uint64_t unanswered_ = 0;
};

}  // namespace dvpn::flow
