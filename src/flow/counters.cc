// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/counters.h"

#include <numeric>

namespace dvpn::flow {

std::uint64_t Counters::total() const { return std::accumulate(ended.begin(), ended.end(), std::uint64_t{0}); }

Counters& Counters::operator+=(const Counters& other) {
  for (std::size_t i = 0; i < kEndReasons; ++i) ended[i] += other.ended[i];
  bytes_up += other.bytes_up;
  bytes_down += other.bytes_down;
  udp += other.udp;
  ping += other.ping;
  return *this;
}

}  // namespace dvpn::flow
