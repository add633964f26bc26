// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/syn.h"

#include <netinet/in.h>

namespace dvpn::intercept {

namespace {

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kTcpHeader = 20;
constexpr int kMostExtensions = 4;

/// Big-endian numbers in `bytes`, which is long enough.
std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// What an IP header says, and what follows it.
struct Carried {
  std::string_view source;
  std::string_view destination;
  std::string_view tcp;
};

/// RFC 791, 3.1.
std::optional<Carried> open_ipv4(std::string_view packet) {
  if (packet.size() < kIpv4Header) return std::nullopt;
  const std::size_t header = (number(packet, 0, 1) & 15) * 4;
  const std::size_t total = number(packet, 2, 2);
  constexpr std::uint32_t kFragment = 0x3fff;  // "more of it", and where this one belongs
  if (header < kIpv4Header || total < header + kTcpHeader || packet.size() < header) return std::nullopt;
  if ((number(packet, 6, 2) & kFragment) != 0 || number(packet, 9, 1) != IPPROTO_TCP) return std::nullopt;
  return Carried{packet.substr(12, 4), packet.substr(16, 4), packet.substr(0, total).substr(header)};
}

/// RFC 8200, 3 and 4: extension headers that a first packet may have are stepped over.
std::optional<Carried> open_ipv6(std::string_view packet) {
  if (packet.size() < kIpv6Header) return std::nullopt;
  const std::size_t payload = number(packet, 4, 2);
  std::uint32_t next = number(packet, 6, 1);
  std::string_view rest = packet.substr(0, kIpv6Header + payload).substr(kIpv6Header);
  for (int i = 0; i < kMostExtensions; ++i) {
    if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS) break;
    if (rest.size() < 8) return std::nullopt;
    const std::size_t length = (number(rest, 1, 1) + 1) * 8;
    if (rest.size() < length) return std::nullopt;
    next = number(rest, 0, 1);
    rest.remove_prefix(length);
  }
  if (next != IPPROTO_TCP) return std::nullopt;
  return Carried{packet.substr(8, 16), packet.substr(24, 16), rest};
}

bool is_client(const net::Address& address) {
  return !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() && !address.is_broadcast();
}

}  // namespace

std::optional<Syn> parse_syn(std::string_view packet) {
  if (packet.empty()) return std::nullopt;
  const std::uint32_t version = number(packet, 0, 1) >> 4;
  const auto carried = version == 4 ? open_ipv4(packet) : version == 6 ? open_ipv6(packet) : std::nullopt;
  if (!carried || carried->tcp.size() < kTcpHeader) return std::nullopt;

  // RFC 9293, 3.1.
  const std::string_view tcp = carried->tcp;
  constexpr std::uint32_t kSyn = 0x02, kFinSynRstAck = 0x17;
  if (number(tcp, 12, 1) >> 4 < kTcpHeader / 4 || (number(tcp, 13, 1) & kFinSynRstAck) != kSyn) return std::nullopt;

  Syn syn;
  syn.client = {*net::Address::from_bytes(carried->source), static_cast<net::Port>(number(tcp, 0, 2))};
  syn.destination = {*net::Address::from_bytes(carried->destination), static_cast<net::Port>(number(tcp, 2, 2))};
  syn.sequence = number(tcp, 4, 4);
  // An IPv4 address in IPv6's clothes would be answered in the wrong family.
  const bool same_family = syn.client.address.is_ipv4() == (version == 4) && syn.destination.address.is_ipv4() == (version == 4);
  if (!same_family || !is_client(syn.client.address) || syn.client.port == 0 || syn.destination.port == 0) return std::nullopt;
  return syn;
}

}  // namespace dvpn::intercept
