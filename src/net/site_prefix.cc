// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/site_prefix.h"

#include <array>

#include "base/text.h"
#include "base/units.h"

namespace dvpn::net {

namespace {

struct Special {
  std::string_view block;
  std::string_view why;
};

constexpr std::size_t kCanBeListed = 4;  // so many of these, from the first
constexpr std::array<Special, 9> kSpecial = {{
    {"127.0.0.0/8", "it covers loopback addresses"},
    {"::1/128", "it covers the loopback address"},
    {"169.254.0.0/16", "it covers link-local addresses"},
    {"fe80::/10", "it covers link-local addresses"},
    {"224.0.0.0/4", "it covers multicast addresses"},
    {"ff00::/8", "it covers multicast addresses"},
    {"0.0.0.0/8", "it covers unspecified addresses"},
    {"::/128", "it covers the unspecified address"},
    {"255.255.255.255/32", "it covers the broadcast address"},
}};

struct Reserved {
  Prefix block;
  std::string_view why;
};

const std::array<Reserved, kSpecial.size()>& reserved() {
  static const auto blocks = [] {
    std::array<Reserved, kSpecial.size()> out;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = {*Prefix::parse(kSpecial[i].block), kSpecial[i].why};
    return out;
  }();
  return blocks;
}

template <class WhyNot>
std::expected<Prefix, std::string> parse(std::string_view word, const WhyNot& why_not) {
  const std::size_t slash = word.find('/');
  const auto address = Address::parse(word.substr(0, slash));
  if (!address) return std::unexpected(text("'", word, "' is no address block like 10.0.32.0/24 or fd00:32::/64"));
  if (slash == std::string_view::npos)
    return std::unexpected(text("'", word, "' has no length: one address alone is ", word, '/', address->width()));
  const std::string_view digits = word.substr(slash + 1);
  const auto length = parse_unsigned(digits, address->width());
  if (!length || (digits.size() > 1 && digits.front() == '0'))
    return std::unexpected(text("prefix length '", digits, "' is no number from 1 to ", address->width()));
  const Prefix prefix = Prefix::around(*address, static_cast<unsigned>(*length));
  if (const std::string_view why = why_not(prefix); !why.empty())
    return std::unexpected(text(word, " cannot be used: ", why));
  if (prefix.address() != *address)
    return std::unexpected(text(word, " has bits set beyond its length; the block is ", prefix.to_string()));
  return prefix;
}

}  // namespace

std::string_view why_no_site_prefix(const Prefix& prefix) {
  if (prefix.length() == 0) return "it covers every address";
  for (const Reserved& special : reserved())
    if (prefix.overlaps(special.block)) return special.why;
  // (such an address is held as the IPv4 one, and would be in the prefix no more)
  const Address last = prefix.last();
  const auto read = Address::from_bytes({reinterpret_cast<const char*>(last.bytes().data()), last.width() / 8});
  if (read->family() != prefix.family()) return "it covers IPv4 addresses in their IPv6 form";
  return {};
}

std::expected<Prefix, std::string> parse_site_prefix(std::string_view word) { return parse(word, why_no_site_prefix); }

std::expected<Prefix, std::string> parse_listed_prefix(std::string_view word) {
  return parse(word, [](const Prefix& prefix) {
    for (std::size_t i = 0; i < kCanBeListed; ++i)
      if (reserved()[i].block.contains(prefix)) return std::string_view();
    return why_no_site_prefix(prefix);
  });
}

}  // namespace dvpn::net
