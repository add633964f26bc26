// SPDX-License-Identifier: GPL-2.0-or-later
// Longest-prefix match. The nested prefixes are flattened once into disjoint ranges of addresses, so that a lookup is
// one binary search in a sorted array.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
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

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> starts4_;
  std::vector<std::uint32_t> owners4_;  // index into entries_, or kNone
  std::vector<net::Address::Bytes> starts6_;
  std::vector<std::uint32_t> owners6_;
};

}  // namespace dvpn::table
