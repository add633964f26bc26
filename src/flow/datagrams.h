// SPDX-License-Identifier: GPL-2.0-or-later
// What a flow of datagrams has besides what every flow has: its client's side, what came before its channel, its counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/rate_limit.h"
#include "base/unique_fd.h"
#include "intercept/raw_sender.h"
#include "intercept/verdict.h"
#include "net/address.h"
#include "net/asio.h"

namespace dvpn::flow {

struct DatagramCounts {
  std::uint64_t up = 0;  ///< datagrams that were passed on
  std::uint64_t down = 0;
  std::uint64_t dropped_up = 0;  ///< because the channel was behind
  std::uint64_t dropped_down = 0;  ///< because the client's side did not take them
  std::uint64_t unreachable = 0;   ///< ICMP errors of the far side

  DatagramCounts& operator+=(const DatagramCounts& other);
};

struct Datagrams {
  using Clock = std::chrono::steady_clock;

  Datagrams(const net::Executor& executor, UniqueFd stand_in, const intercept::RawSender* sender)
      : socket(executor, stand_in.release()), sender_(sender) {}

  /// The channel is there: more than a few may wait in the socket.
  void allow_many();
  /// Counts what the kernel dropped, and closes.
  void close();

  /// Counts one that goes up.
  void note_up(std::size_t payload);
  /// Gives a datagram to the client, or drops it.
  void give(std::string_view datagram);
  /// Tells the client what became of a datagram of its; but for a few, one each moment.
  void tell(const net::Endpoint& client, const net::Endpoint& target, intercept::Verdict verdict);

  /// With what the kernel has dropped so far.
  DatagramCounts count() const;

  net::Descriptor socket;  ///< the client's side, intercept/datagram_socket.h
  std::string early;       ///< frames of what came before the channel
  std::size_t asked = 0;   ///< how much of that went up with the last request
  Clock::time_point active = Clock::now();

 private:
  const intercept::RawSender* sender_;  ///< none: the client is told nothing
  DatagramCounts count_;
  std::size_t last_payload_ = 0;
  RateLimit told_{10, std::chrono::milliseconds(100)};
};

}  // namespace dvpn::flow
