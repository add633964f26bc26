// SPDX-License-Identifier: GPL-2.0-or-later
// What becomes of a packet that is held, and how the rules are told (rules/dvpn-rules, DVPN_GATE): a field of four bits in the
// packet's mark, of which the highest says "refused" and the others with what.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace dvpn::intercept {

enum class Verdict : std::uint8_t {
  kPass,                ///< it goes on, and is redirected to us
  kReset,               ///< refused, as a closed port does
  kHostUnreachable,
  kNetworkUnreachable,
  kProhibited,
  kSilence,             ///< dropped
  kCaught,              ///< a datagram: it goes on to the socket that stands in for its target
};

inline constexpr std::size_t kVerdicts = static_cast<std::size_t>(Verdict::kSilence) + 1;  ///< on SYNs

/// Whether it is told with an ICMP error, of which the kernel sends few (icmp(7), icmp_ratelimit).
constexpr bool is_icmp(Verdict verdict) {
  return verdict == Verdict::kHostUnreachable || verdict == Verdict::kNetworkUnreachable || verdict == Verdict::kProhibited;
}

/// The packet's mark with that verdict in `field`, all other bits as they were.
constexpr std::uint32_t marked(std::uint32_t mark, std::uint32_t field, Verdict verdict) {
  std::uint32_t value = 0;
  switch (verdict) {
    case Verdict::kReset: value = 8; break;
    case Verdict::kHostUnreachable: value = 9; break;
    case Verdict::kNetworkUnreachable: value = 10; break;
    case Verdict::kProhibited: value = 11; break;
    case Verdict::kCaught: value = 5; break;
    case Verdict::kPass:
    case Verdict::kSilence: break;
  }
  return (mark & ~field) | (value << std::countr_zero(field));
}

}  // namespace dvpn::intercept
