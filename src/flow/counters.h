// SPDX-License-Identifier: GPL-2.0-or-later
// What flows have added up to. Each thread counts its own; a status adds them together.
#pragma once

#include <array>
#include <cstdint>

#include "flow/datagrams.h"
#include "flow/end_reason.h"
#include "flow/protocol.h"

namespace dvpn::flow {

struct Counters {
  std::array<std::uint64_t, kEndReasons> ended{};  ///< by EndReason
  std::uint64_t bytes_up = 0;                      ///< payload from clients to targets
  std::uint64_t bytes_down = 0;
  DatagramCounts udp;
  DatagramCounts ping;

  /// Adds what a flow of datagrams counted.
  void add(Protocol protocol, const DatagramCounts& count) { (protocol == Protocol::kPing ? ping : udp) += count; }
  void count(EndReason reason) { ++ended[static_cast<std::size_t>(reason)]; }
  std::uint64_t total() const;
  Counters& operator+=(const Counters& other);
};

}  // namespace dvpn::flow
