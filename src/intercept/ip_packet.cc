// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/ip_packet.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "intercept/ip_header.h"

namespace dvpn::intercept {

namespace {

constexpr std::uint8_t kHops = 64;
constexpr std::size_t kChecksumAt = 2;  // in an ICMP message

void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}

std::string number16(std::size_t value) {
  std::string out;
  put16(out, value);
  return out;
}

std::string_view bytes_of(const net::Address& address) {
  const void* const bytes = address.bytes().data();
  return {static_cast<const char*>(bytes), address.is_ipv4() ? 4u : 16u};
}

/// Of an IPv4 header without options.
void set_header_checksum(std::string& packet) {
  constexpr std::size_t kHeaderChecksumAt = 10;
  packet.replace(kHeaderChecksumAt, 2, 2, '\0');
  Checksum sum;
  sum.add(std::string_view(packet).substr(0, kIpv4Header));
  packet.replace(kHeaderChecksumAt, 2, number16(sum.value()));
}

/// One of them: of an IPv4 packet, with what it carries from `offset` on.
std::string fragment4(const std::string& packet, std::size_t offset, std::size_t size, std::uint32_t number) {
  constexpr std::size_t kLengthAt = 2, kNumberAt = 4, kOffsetAt = 6;
  const bool last = kIpv4Header + offset + size == packet.size();
  constexpr std::size_t kMore = 0x2000, kNone = 0;
  std::string out = packet.substr(0, kIpv4Header) + packet.substr(kIpv4Header + offset, size);
  const std::size_t named = (number & 0xffff) == 0 ? 1 : number & 0xffff;  // the kernel would give each another one for 0 (raw(7))
  out.replace(kLengthAt, 2, number16(out.size()));
  out.replace(kNumberAt, 2, number16(named));
  out.replace(kOffsetAt, 2, number16(offset / 8 | (last ? kNone : kMore)));
  set_header_checksum(out);
  return out;
}

std::string fragment6(const std::string& packet, std::size_t offset, std::size_t size, std::uint32_t number) {
  constexpr std::size_t kLengthAt = 4, kNextAt = 6;
  const bool last = kIpv6Header + offset + size == packet.size();
  std::string behind{packet[kNextAt], 0};
  put16(behind, offset | (last ? 0u : 1u));
  put16(behind, number >> 16);
  put16(behind, number);
  behind += packet.substr(kIpv6Header + offset, size);
  std::string out = packet.substr(0, kIpv6Header);
  out.replace(kLengthAt, 2, number16(behind.size()));
  out[kNextAt] = static_cast<char>(IPPROTO_FRAGMENT);
  return out + behind;
}

/// RFC 791, RFC 8200: no options, no fragment.
std::string ip_header(const net::Address& from, const net::Address& to, std::uint8_t protocol, std::uint8_t hops, std::size_t behind) {
  std::string out;
  if (!from.is_ipv4()) {
    out.assign({0x60, 0, 0, 0});
    put16(out, behind);
    out += static_cast<char>(protocol);
    out += static_cast<char>(hops);
    out += bytes_of(from);
    out += bytes_of(to);
    return out;
  }
  out.assign({0x45, 0});
  put16(out, kIpv4Header + behind);
  out.append({0, 0, 0, 0});
  out += static_cast<char>(hops);
  out += static_cast<char>(protocol);
  out.append({0, 0});
  out += bytes_of(from);
  out += bytes_of(to);
  set_header_checksum(out);
  return out;
}

/// Type and code: RFC 792 and 1812, RFC 4443.
std::optional<std::array<char, 2>> type_and_code(Verdict verdict, net::Family family) {
  using Kind = std::array<char, 2>;
  const bool four = family == net::Family::kIPv4;
  switch (verdict) {
    case Verdict::kReset: return four ? Kind{3, 3} : Kind{1, 4};
    case Verdict::kHostUnreachable: return four ? Kind{3, 1} : Kind{1, 3};
    case Verdict::kNetworkUnreachable: return four ? Kind{3, 0} : Kind{1, 0};
    case Verdict::kProhibited: return four ? Kind{3, 13} : Kind{1, 1};
    case Verdict::kPass:
    case Verdict::kSilence:
    case Verdict::kCaught: break;
  }
  return std::nullopt;
}

}  // namespace

Quoted quoted_datagram(const net::Endpoint& from, const net::Endpoint& to, std::size_t payload) {
  Quoted quoted{.from = from.address, .to = to.address, .protocol = IPPROTO_UDP, .size = payload + 8};
  std::string head;
  put16(head, from.port);
  put16(head, to.port);
  put16(head, quoted.size);
  put16(head, 0);
  std::ranges::copy(head, quoted.head.begin());
  return quoted;
}

std::string icmp_packet(const net::Address& from, const net::Address& to, std::uint8_t hops, std::string message) {
  const auto protocol = static_cast<std::uint8_t>(from.is_ipv4() ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
  message[kChecksumAt] = message[kChecksumAt + 1] = 0;
  Checksum sum;
  if (!from.is_ipv4()) add_pseudo_header(sum, from, to, message.size(), protocol);
  sum.add(message);
  message.replace(kChecksumAt, 2, number16(sum.value()));
  return ip_header(from, to, protocol, hops, message.size()) + message;
}

void add_pseudo_header(Checksum& sum, const net::Address& from, const net::Address& to, std::size_t size, std::uint8_t protocol) {
  sum.add(bytes_of(from));
  sum.add(bytes_of(to));
  sum.add_word(static_cast<std::uint32_t>(size));
  sum.add_word(protocol);
}

std::vector<std::string> in_fragments(const std::string& packet, std::size_t mtu, std::uint32_t number) {
  constexpr std::size_t kFragmentHeader = 8, kUnit = 8;
  const bool four = packet.front() >> 4 == 4;
  const std::size_t header = four ? kIpv4Header : kIpv6Header, added = four ? 0 : kFragmentHeader;
  const std::size_t most = (mtu - header - added) / kUnit * kUnit;
  std::vector<std::string> out;
  for (std::size_t offset = 0; header + offset < packet.size(); offset += most) {
    const std::size_t size = std::min(most, packet.size() - header - offset);
    out.push_back(four ? fragment4(packet, offset, size, number) : fragment6(packet, offset, size, number));
  }
  return out;
}

std::string icmp_error(const Quoted& quoted, Verdict verdict) {
  const auto kind = type_and_code(verdict, quoted.to.family());
  if (!kind) return {};
  std::string message{kind->front(), kind->back(), 0, 0, 0, 0, 0, 0};
  message += ip_header(quoted.from, quoted.to, quoted.protocol, kHops, quoted.size);
  message.append(quoted.head.data(), quoted.head.size());
  return icmp_packet(quoted.to, quoted.from, kHops, std::move(message));
}

}  // namespace dvpn::intercept
