// SPDX-License-Identifier: GPL-2.0-or-later
// Longest-prefix match. The nested prefixes are flattened once into disjoint ranges of addresses, so that a lookup is
// one binary search in a sorted array.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "net/address.h"

namespace dvpn::table {

class PrefixMap {
 public:
  struct Entry {
    net::Prefix prefix;
    std::uint32_t value;
  };

  PrefixMap() = default;
  /// Of equal prefixes the first one wins. O(n log n).
  explicit PrefixMap(std::vector<Entry> entries);

  /// The entry of the longest prefix that contains the address, or null. The pointer lives as long as the map.
  const Entry* lookup(const net::Address& address) const;

  /// Sorted by prefix, each prefix once.
  std::span<const Entry> entries() const { return entries_; }

  /// An IPv6 address as a number.
  struct Key6 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend auto operator<=>(const Key6&, const Key6&) = default;
  };

  /// Range i reaches from starts[i] to just before starts[i + 1]; the first one starts at zero.
  template <class Key>
  struct Ranges {
    std::vector<Key> starts;
    std::vector<std::uint32_t> owners;  ///< index into entries_, or kNone
  };

 private:
  std::vector<Entry> entries_;
  Ranges<std::uint32_t> ranges4_;
  Ranges<Key6> ranges6_;
};

}  // namespace dvpn::table
