// SPDX-License-Identifier: GPL-2.0-or-later
// What a flow of datagrams has besides what every flow has: its client's side, what came before its channel, its counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/rate_limit.h"
#include "base/unique_fd.h"
#include "flow/ping_book.h"
#include "intercept/echo.h"
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
  std::uint64_t unanswered = 0;    ///< of pings

  DatagramCounts& operator+=(const DatagramCounts& other);
};

/// A client's ping, on its way from the front to the flow.
struct Ping {
  intercept::EchoName name;
  std::string payload;
};

struct Datagrams {
  using Clock = std::chrono::steady_clock;

  Datagrams(const net::Executor& executor, const intercept::RawSender* sender) : socket(executor), sender_(sender) {}

  /// The client's side of UDP. An error: it could not be watched, and is closed.
  net::error_code take(UniqueFd stand_in);
  /// The channel is there: more than a few may wait in the socket.
  void allow_many();
  /// Counts what the kernel dropped, and closes.
  void close();

  /// Counts one that goes up.
  void note_up(std::size_t payload);
  /// Gives a datagram to the client, or drops it.
  void give(std::string_view datagram);
  /// Sends a packet of our own to the client; or it counts as dropped.
  void send(const net::Address& client, const std::string& packet);
  /// Tells the client what became of a datagram of its; but for a few, one each moment.
  void tell(const net::Endpoint& client, const net::Endpoint& target, intercept::Verdict verdict);
  void tell(const intercept::Quoted& datagram, intercept::Verdict verdict);
  void note_dropped_up() { ++count_.dropped_up; }
  void note_dropped_down() { ++count_.dropped_down; }

  /// With what the kernel has dropped so far.
  DatagramCounts count() const;

  net::Descriptor socket;  ///< the client's side, intercept/datagram_socket.h; pings have none
  std::optional<PingBook> book;  ///< of pings
  std::string early;       ///< frames of what came before the channel; of pings, also later until the channel takes them
  std::size_t asked = 0;   ///< how much of that went up with the last request
  Clock::time_point active = Clock::now();

 private:
  const intercept::RawSender* sender_;  ///< none: the client is told nothing
  DatagramCounts count_;
  std::size_t last_payload_ = 0;
  RateLimit told_{10, std::chrono::milliseconds(100)};
};

}  // namespace dvpn::flow
