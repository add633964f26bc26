// SPDX-License-Identifier: GPL-2.0-or-later
#include "table/prefix_map.h"

#include <algorithm>
#include <limits>

namespace dvpn::table {

namespace {

using Key6 = PrefixMap::Key6;

constexpr std::uint32_t kNone = UINT32_MAX;

std::uint64_t big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

/// The `count` lowest bits set; `count` up to 64.
std::uint64_t low_bits(unsigned count) { return count == 0 ? 0 : ~std::uint64_t{0} >> (64 - count); }

/// The address family's numbers: what flattening and searching need to know of them.
struct Family4 {
  using Key = std::uint32_t;
  static constexpr Key kHighest = UINT32_MAX;
  static Key key(const net::Address& address) { return address.ipv4(); }
  static Key next(Key key) { return key + 1; }
  static Key last(const net::Prefix& prefix) {
    return key(prefix.address()) | static_cast<Key>(low_bits(32 - prefix.length()));
  }
};

struct Family6 {
  using Key = Key6;
  static constexpr Key kHighest = {UINT64_MAX, UINT64_MAX};
  static Key key(const net::Address& address) {
    return {big_endian(address.bytes().data()), big_endian(address.bytes().data() + 8)};
  }
  static Key next(Key key) {
    if (++key.low == 0) ++key.high;
    return key;
  }
  static Key last(const net::Prefix& prefix) {
    const unsigned host = 128 - prefix.length();
    Key key6 = key(prefix.address());
    key6.high |= low_bits(host > 64 ? host - 64 : 0);
    key6.low |= low_bits(std::min(host, 64u));
    return key6;
  }
};

/// Walks the sorted prefixes with a stack of those that are open: the innermost one owns the addresses.
template <class Family>
class Flattener {
 public:
  using Key = typename Family::Key;

  explicit Flattener(PrefixMap::Ranges<Key>& out) : out_(out) { put(Key{}, kNone); }

  void add(const net::Prefix& prefix, std::uint32_t index) {
    const Key first = Family::key(prefix.address());
    while (!open_.empty() && open_.back().last < first) close();
    put(first, index);
    open_.push_back({Family::last(prefix), index});
  }

  void finish() {
    while (!open_.empty()) close();
    out_.starts.shrink_to_fit();
    out_.owners.shrink_to_fit();
  }

 private:
  struct Open {
    Key last;
    std::uint32_t index;
  };

  void close() {
    const Key last = open_.back().last;
    open_.pop_back();
    if (last != Family::kHighest) put(Family::next(last), open_.empty() ? kNone : open_.back().index);
  }

  /// A later range that starts at the same address replaces the earlier one, which is empty then.
  void put(const Key& start, std::uint32_t owner) {
    if (!out_.starts.empty() && out_.starts.back() == start) {
      out_.owners.back() = owner;
      return;
    }
    out_.starts.push_back(start);
    out_.owners.push_back(owner);
  }

  PrefixMap::Ranges<Key>& out_;
  std::vector<Open> open_;
};

/// The owner of the last range that starts at or before `key`. Without a branch that depends on the data: the
/// processor would guess half of them wrong.
template <class Key>
std::uint32_t owner_of(const PrefixMap::Ranges<Key>& ranges, const Key& key) {
  std::size_t base = 0;
  for (std::size_t length = ranges.starts.size(); length > 1;) {
    const std::size_t half = length / 2;
    base += (ranges.starts[base + half] <= key) ? half : 0;
    length -= half;
  }
  return ranges.owners[base];
}

}  // namespace

PrefixMap::PrefixMap(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::ranges::stable_sort(entries_, {}, &Entry::prefix);
  const auto repeated = std::ranges::unique(entries_, {}, &Entry::prefix);
  entries_.erase(repeated.begin(), repeated.end());

  Flattener<Family4> flat4(ranges4_);
  Flattener<Family6> flat6(ranges6_);
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    const net::Prefix& prefix = entries_[i].prefix;
    if (prefix.family() == net::Family::kIPv4)
      flat4.add(prefix, i);
    else
      flat6.add(prefix, i);
  }
  flat4.finish();
  flat6.finish();
}

const PrefixMap::Entry* PrefixMap::lookup(const net::Address& address) const {
  if (entries_.empty()) return nullptr;
  const std::uint32_t owner = address.is_ipv4() ? owner_of(ranges4_, Family4::key(address))
                                                : owner_of(ranges6_, Family6::key(address));
  return owner == kNone ? nullptr : &entries_[owner];
}

}  // namespace dvpn::table
