// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/ip_header.h"

#include <netinet/in.h>

namespace dvpn::intercept {

namespace {

constexpr int kMostExtensions = 4;

/// RFC 791, 3.1.
std::optional<IpPacket> open_ipv4(std::string_view packet) {
  if (packet.size() < kIpv4Header) return std::nullopt;
  const std::size_t header = (number_at(packet, 0, 1) & 15) * 4;
  const std::size_t total = number_at(packet, 2, 2);
  constexpr std::uint32_t kFragment = 0x3fff;  // "more of it", and where this one belongs
  if (header < kIpv4Header || total < header || packet.size() < header) return std::nullopt;
  if ((number_at(packet, 6, 2) & kFragment) != 0) return std::nullopt;
  return IpPacket{.source = *net::Address::from_bytes(packet.substr(12, 4)),
                  .destination = *net::Address::from_bytes(packet.substr(16, 4)),
                  .protocol = static_cast<std::uint8_t>(number_at(packet, 9, 1)),
                  .carried = packet.substr(0, total).substr(header),
                  .size = total - header};
}

/// RFC 8200, 3 and 4.
std::optional<IpPacket> open_ipv6(std::string_view packet) {
  if (packet.size() < kIpv6Header) return std::nullopt;
  std::size_t size = number_at(packet, 4, 2);
  std::uint32_t next = number_at(packet, 6, 1);
  std::string_view rest = packet.substr(0, kIpv6Header + size).substr(kIpv6Header);
  for (int i = 0; i < kMostExtensions; ++i) {
    if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS) break;
    if (rest.size() < 8) return std::nullopt;
    const std::size_t length = (number_at(rest, 1, 1) + 1) * 8;
    if (rest.size() < length) return std::nullopt;
    next = number_at(rest, 0, 1);
    rest.remove_prefix(length);
    size -= length;
  }
  return IpPacket{.source = *net::Address::from_bytes(packet.substr(8, 16)),
                  .destination = *net::Address::from_bytes(packet.substr(24, 16)),
                  .protocol = static_cast<std::uint8_t>(next),
                  .carried = rest,
                  .size = size};
}

bool is_host(const net::Address& address) {
  return !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() && !address.is_broadcast();
}

}  // namespace

std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::optional<IpPacket> parse_ip(std::string_view packet) {
  if (packet.empty()) return std::nullopt;
  const std::uint32_t version = number_at(packet, 0, 1) >> 4;
  const auto parsed = version == 4 ? open_ipv4(packet) : version == 6 ? open_ipv6(packet) : std::nullopt;
  if (!parsed) return std::nullopt;
  // An IPv4 address in IPv6's clothes would be answered in the wrong family.
  const bool same_family = parsed->source.is_ipv4() == (version == 4) && parsed->destination.is_ipv4() == (version == 4);
  if (!same_family || !is_host(parsed->source) || !is_host(parsed->destination)) return std::nullopt;
  return parsed;
}

}  // namespace dvpn::intercept
