// SPDX-License-Identifier: GPL-2.0-or-later
// Every way in which a connection to the relay can end, with its text, and the counters made of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/status.h"

namespace dvpn::relay {

enum class Outcome : std::uint8_t {
  kFinished,        ///< both halves ended
  kTargetReset,     ///< the target reset the connection or became unreachable
  kChannelReset,    ///< the gateway sent a reset
  kChannelBroken,   ///< the channel ended without an end frame
  kProtocolError,   ///< the gateway broke the rules of the frames
  kShutDown,        ///< the relay ended before the flow did
  kAnswered,        ///< hello, would-allow
  kRefused,         ///< the request was answered with a no
  kSpareClosed,     ///< closed by the gateway before it sent a request
  kSpareExpired,    ///< sent nothing for too long
  kRequestBroken,   ///< closed in the middle of a request
  kGivenUp,         ///< closed by the gateway while the relay was connecting
  kIdle,            ///< no datagram moved for too long
};
constexpr std::size_t kOutcomes = 13;

std::string_view to_text(Outcome outcome);

struct Counters {
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, kOutcomes> ended{};
  std::array<std::uint64_t, 12> answers{};  ///< by wire::Status
  std::uint64_t limit_flows = 0;
  std::uint64_t limit_account = 0;
  std::uint64_t limit_spares = 0;
  std::uint64_t accept_pauses = 0;  ///< out of descriptors
  std::uint64_t bytes_up = 0;       ///< towards targets, of flows that have ended
  std::uint64_t bytes_down = 0;
  std::uint64_t client_flows = 0;  ///< began with the client's address
  std::uint64_t udp_flows = 0;  ///< these and the following: of flows that have ended
  std::uint64_t ping_flows = 0;
  std::uint64_t datagrams_up = 0;
  std::uint64_t datagrams_down = 0;
  std::uint64_t dropped_up = 0;
  std::uint64_t dropped_down = 0;
  std::uint64_t unreachable = 0;

  void count(Outcome outcome) { ++ended[static_cast<std::size_t>(outcome)]; }
  void count(wire::Status status) { ++answers[static_cast<std::size_t>(status)]; }

  /// One line; what is zero is left out.
  std::string to_text() const;
};

}  // namespace dvpn::relay
