// SPDX-License-Identifier: GPL-2.0-or-later
// The flattened map against a naive scan, on random nested prefixes of both families and on the edges of each.
#include "table/prefix_map.h"

#include <gtest/gtest.h>

#include <random>

namespace dvpn::table {
namespace {

using Entries = std::vector<PrefixMap::Entry>;

/// What the map has to answer: the longest prefix, of equal ones the first.
const PrefixMap::Entry* scan(const Entries& entries, const net::Address& address) {
  const PrefixMap::Entry* best = nullptr;
  for (const PrefixMap::Entry& entry : entries)
    if (entry.prefix.contains(address) && (!best || entry.prefix.length() > best->prefix.length())) best = &entry;
  return best;
}

void expect_same(const PrefixMap& map, const Entries& entries, const net::Address& address) {
  const PrefixMap::Entry* expected = scan(entries, address);
  const auto found = map.lookup(address);
  ASSERT_EQ(!found, !expected) << address.to_string();
  if (!found) return;
  EXPECT_EQ(found->prefix, expected->prefix) << address.to_string();
  EXPECT_EQ(found->value, expected->value) << address.to_string();
}

/// The address `step` away, around the end of the family.
net::Address moved(const net::Address& address, int step) {
  net::Address::Bytes bytes = address.bytes();
  for (unsigned i = address.width() / 8; i-- > 0;) {
    bytes[i] = static_cast<std::uint8_t>(bytes[i] + step);
    const std::uint8_t carried = step > 0 ? 0 : 0xff;
    if (bytes[i] != carried) break;
  }
  return *net::Address::from_bytes({reinterpret_cast<const char*>(bytes.data()), address.width() / 8});
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}

  unsigned below(unsigned limit) { return std::uniform_int_distribution<unsigned>(0, limit - 1)(engine_); }

  /// Few different bytes, so that prefixes nest and addresses hit them.
  net::Address address(net::Family family) {
    std::string bytes;
    for (int i = 0; i < (family == net::Family::kIPv4 ? 4 : 16); ++i)
      bytes += static_cast<char>(std::array{0x00, 0x01, 0x80, 0xff}[below(4)]);
    return *net::Address::from_bytes(bytes);
  }

  Entries entries(net::Family family, unsigned count) {
    Entries out;
    while (out.size() < count) {
      const net::Address around = address(family);
      out.push_back({net::Prefix::around(around, below(around.width() + 1)), static_cast<std::uint32_t>(out.size())});
    }
    return out;
  }

 private:
  std::mt19937 engine_;
};

TEST(PrefixMap, AnswersAsANaiveScanDoes) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Entries entries = random.entries(net::Family::kIPv4, random.below(40));
    const Entries more = random.entries(net::Family::kIPv6, random.below(40));
    entries.insert(entries.end(), more.begin(), more.end());
    const PrefixMap map(entries);
    for (int i = 0; i < 50; ++i) {
      expect_same(map, entries, random.address(net::Family::kIPv4));
      expect_same(map, entries, random.address(net::Family::kIPv6));
    }
    for (const PrefixMap::Entry& entry : entries) {
      const net::Address& first = entry.prefix.address();
      expect_same(map, entries, first);
      expect_same(map, entries, moved(first, -1));
      expect_same(map, entries, entry.prefix.last());
      expect_same(map, entries, moved(entry.prefix.last(), 1));
    }
    if (HasFailure()) return;
  }
}

TEST(PrefixMap, WithoutEntriesFindsNothing) {
  EXPECT_FALSE(PrefixMap().lookup(net::Address()));
  EXPECT_FALSE(PrefixMap(Entries{}).lookup(*net::Address::parse("::")));
  const PrefixMap only4(Entries{{*net::Prefix::parse("10.0.0.0/8"), 1}});
  EXPECT_FALSE(only4.lookup(*net::Address::parse("fd00::1")));
}

TEST(PrefixMap, OfEqualPrefixesTheFirstWins) {
  const PrefixMap map(Entries{{*net::Prefix::parse("10.0.0.0/8"), 7}, {*net::Prefix::parse("10.0.0.0/8"), 8}});
  EXPECT_EQ(map.lookup(*net::Address::parse("10.1.1.1"))->value, 7u);
}

}  // namespace
}  // namespace dvpn::table
