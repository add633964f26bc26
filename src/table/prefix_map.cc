// SPDX-License-Identifier: GPL-2.0-or-later
#include "table/prefix_map.h"

#include <endian.h>

#include <algorithm>
#include <compare>
#include <cstring>

namespace dvpn::table {

namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::uint8_t kDivided = 255;  // no length of a prefix

std::uint64_t big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return be64toh(value);
}

/// The `count` lowest bits set; `count` up to 64.
std::uint64_t low_bits(unsigned count) { return count == 0 ? 0 : ~std::uint64_t{0} >> (64 - count); }

struct Key6 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Key6&) const = default;
};

/// The address family's numbers: what flattening needs to know of them.
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

/// Who has a range: a prefix's value and length, or the index of a divided upper half.
struct Owner {
  std::uint32_t value = kNone;
  std::uint8_t length = 0;
  bool operator==(const Owner&) const = default;
};

/// Ranges must be put in the order of their starts. A later one that starts at the same key replaces the earlier one,
/// which is empty then; one with the same owner as its neighbour only continues it.
template <class Key>
void put(PrefixMap::Ranges<Key>& ranges, const Key& start, const Owner& owner) {
  if (!ranges.starts.empty() && ranges.starts.back() == start) {
    ranges.starts.pop_back();
    ranges.values.pop_back();
    ranges.lengths.pop_back();
  }
  if (!ranges.starts.empty() && Owner{ranges.values.back(), ranges.lengths.back()} == owner) return;
  ranges.starts.push_back(start);
  ranges.values.push_back(owner.value);
  ranges.lengths.push_back(owner.length);
}

template <class Key>
void shrink(PrefixMap::Ranges<Key>& ranges) {
  ranges.starts.shrink_to_fit();
  ranges.values.shrink_to_fit();
  ranges.lengths.shrink_to_fit();
}

/// Walks the sorted prefixes with a stack of those that are open: the innermost one owns the addresses.
template <class Family>
class Flattener {
 public:
  using Key = typename Family::Key;

  Flattener() { put(out_, Key{}, Owner{}); }

  void add(const PrefixMap::Entry& entry) {
    const Key first = Family::key(entry.prefix.address());
    const Owner owner{entry.value, static_cast<std::uint8_t>(entry.prefix.length())};
    while (!open_.empty() && open_.back().last < first) close();
    put(out_, first, owner);
    open_.push_back({Family::last(entry.prefix), owner});
  }

  PrefixMap::Ranges<Key> finish() {
    while (!open_.empty()) close();
    shrink(out_);
    return std::move(out_);
  }

 private:
  struct Open {
    Key last;
    Owner owner;
  };

  void close() {
    const Key last = open_.back().last;
    open_.pop_back();
    if (last != Family::kHighest) put(out_, Family::next(last), open_.empty() ? Owner{} : open_.back().owner);
  }

  PrefixMap::Ranges<Key> out_;
  std::vector<Open> open_;
};

/// Splits whole keys into upper halves and, where a range starts inside one, lower halves.
PrefixMap::Ranges<std::uint64_t> split(const PrefixMap::Ranges<Key6>& whole,
                                       std::vector<PrefixMap::Ranges<std::uint64_t>>& divided) {
  PrefixMap::Ranges<std::uint64_t> out;
  Owner before;  // of the addresses just before the range at hand
  for (std::size_t i = 0; i < whole.starts.size();) {
    const std::uint64_t high = whole.starts[i].high;
    PrefixMap::Ranges<std::uint64_t> inside;
    put(inside, std::uint64_t{0}, before);
    for (; i < whole.starts.size() && whole.starts[i].high == high; ++i) {
      before = {whole.values[i], whole.lengths[i]};
      put(inside, whole.starts[i].low, before);
    }
    if (inside.starts.size() == 1) {
      put(out, high, before);
      continue;
    }
    put(out, high, {static_cast<std::uint32_t>(divided.size()), kDivided});
    if (high != UINT64_MAX) put(out, high + 1, before);
    shrink(inside);
    divided.push_back(std::move(inside));
  }
  shrink(out);
  return out;
}

/// The owner of the last range that starts at or before `key`. Without a branch that depends on the data: the
/// processor would guess half of them wrong.
template <class Key>
Owner owner_of(const PrefixMap::Ranges<Key>& ranges, Key key) {
  std::size_t base = 0;
  for (std::size_t length = ranges.starts.size(); length > 1;) {
    const std::size_t half = length / 2;
    base += (ranges.starts[base + half] <= key) ? half : 0;
    length -= half;
  }
  return {ranges.values[base], ranges.lengths[base]};
}

}  // namespace

PrefixMap::PrefixMap(std::vector<Entry> entries) {
  std::ranges::stable_sort(entries, {}, &Entry::prefix);
  const auto repeated = std::ranges::unique(entries, {}, &Entry::prefix);
  entries.erase(repeated.begin(), repeated.end());

  Flattener<Family4> flat4;
  Flattener<Family6> flat6;
  for (const Entry& entry : entries) {
    if (entry.prefix.family() == net::Family::kIPv4)
      flat4.add(entry);
    else
      flat6.add(entry);
  }
  ranges4_ = flat4.finish();
  ranges6_ = split(flat6.finish(), divided6_);
}

std::optional<PrefixMap::Entry> PrefixMap::lookup(const net::Address& address) const {
  if (ranges4_.starts.empty()) return std::nullopt;  // constructed without entries
  Owner owner;
  if (address.is_ipv4()) {
    owner = owner_of(ranges4_, address.ipv4());
  } else {
    const Key6 key = Family6::key(address);
    owner = owner_of(ranges6_, key.high);
    if (owner.length == kDivided) owner = owner_of(divided6_[owner.value], key.low);
  }
  if (owner.value == kNone) return std::nullopt;
  return Entry{net::Prefix::around(address, owner.length), owner.value};
}

}  // namespace dvpn::table
