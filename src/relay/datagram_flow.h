// SPDX-License-Identifier: GPL-2.0-or-later
// A flow of datagrams, UDP's or ping's, between a channel and a target (PROTOCOL.md, "Flows of datagrams").
//
// Nothing waits for the other side: what the target's socket does not take at once is dropped and counted, and so is a
// frame that would have to be collected while the relay holds much already. While the channel takes nothing, the target's
// datagrams stay in the kernel's receive buffer, which drops, and counts, what does not fit: behind a slow channel there
// is that much, one batch, and no more. ICMP errors become frames, as many as fit.
//
// A ping keeps a book of the last echo requests that went out: whose they are, by their sequence number.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/relay_config.h"
#include "net/address.h"
#include "relay/copy.h"
#include "relay/copy_down.h"
#include "relay/echo_book.h"
#include "wire/datagram.h"

namespace dvpn::relay {

class DatagramFlow {
 public:
  using Clock = EchoBook::Clock;

  /// What went one way.
  struct Count {
    std::uint64_t datagrams = 0;
    std::uint64_t bytes = 0;  ///< of payload
    std::uint64_t dropped = 0;
  };

  /// Of a socket of the protocol, not TCP, that is connected to the target.
  DatagramFlow(config::Protocol protocol, const net::Address& target);

  /// Passes on what the channel has, for one turn. kEnded: an end frame came, kReset: a reset frame.
  CopyResult advance_up(Side& channel, int target, CopyContext& context, Clock::time_point now);
  /// Passes on what the target has, for one turn, behind what `out` holds.
  CopyResult advance_down(Side& target, Side& channel, CopyDown& out, CopyContext& context, Clock::time_point now);
  /// Turns the errors that wait at the target's socket into frames; whether there was one.
  bool take_errors(int target, Clock::time_point now);

  /// Drops what has come so far.
  void discard(int target);

  /// The flow is over: what is held goes, and the kernel is asked what it dropped.
  void finish(int target, CopyContext& context);

  config::Protocol protocol() const { return protocol_; }
  const Count& up() const { return up_; }
  const Count& down() const { return down_; }
  std::uint64_t unreachable() const { return unreachable_; }

 private:
  CopyResult take_apart(std::string_view chunk, int target, Clock::time_point now);
  void pass_on(std::string_view datagram, int target, Clock::time_point now);
  ssize_t send(std::string_view datagram, int target, std::optional<std::uint16_t> sequence);
  void say_unreachable(wire::Status reason, std::optional<std::uint32_t> token);
  std::size_t fill_batch(Side& target, CopyContext& context, Clock::time_point now);
  std::size_t receive_udp(int target, std::span<char> into);
  std::size_t receive_ping(int target, std::span<char> into, Clock::time_point now);

  config::Protocol protocol_;
  net::Address target_;
  wire::DatagramParser parser_;
  std::optional<EchoBook> book_;  ///< a ping's
  std::string notices_;           ///< frames about errors that are still to be sent
  std::size_t chunk_size_;        ///< how much to read from the channel at once
  Count up_, down_;
  std::uint64_t unreachable_ = 0;
};

}  // namespace dvpn::relay
