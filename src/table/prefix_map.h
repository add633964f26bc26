// SPDX-License-Identifier: GPL-2.0-or-later
// Longest-prefix match. The nested prefixes are flattened once into disjoint ranges of addresses, so that a lookup is
// one binary search in a sorted array of numbers.
//
// IPv4 addresses are one 32-bit number. IPv6 addresses are searched by their upper half alone: sites are /64 or larger.
// An upper half that longer prefixes divide is a range of its own, which names a second, small array of lower halves.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "net/address.h"

namespace dvpn::table {

class PrefixMap {
 public:
  struct Entry {
    net::Prefix prefix;
    std::uint32_t value = 0;  ///< below kHighestValue
  };
  static constexpr std::uint32_t kHighestValue = UINT32_MAX - 1;

  PrefixMap() = default;
  /// Of equal prefixes the first one wins. O(n log n).
  explicit PrefixMap(std::vector<Entry> entries);

  /// The entry of the longest prefix that contains the address.
  std::optional<Entry> lookup(const net::Address& address) const;

  /// Range i reaches from starts[i] to just before starts[i + 1]; the first one starts at zero.
  template <class Key>
  struct Ranges {
    std::vector<Key> starts;
    std::vector<std::uint32_t> values;   ///< of the owner; kNone without one; with kDivided, an index
    std::vector<std::uint8_t> lengths;  ///< of the owner's prefix, or kDivided
  };

 private:
  Ranges<std::uint32_t> ranges4_;
  Ranges<std::uint64_t> ranges6_;
  std::vector<Ranges<std::uint64_t>> divided6_;
};

}  // namespace dvpn::table
