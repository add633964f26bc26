// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/ip_packet.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "intercept/checksum.h"

namespace dvpn::intercept {

namespace {

constexpr std::uint8_t kHops = 64;
constexpr std::size_t kChecksumAt = 2;  // in an ICMP message

void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}

std::string_view bytes_of(const net::Address& address) {
  const void* const bytes = address.bytes().data();
  return {static_cast<const char*>(bytes), address.is_ipv4() ? 4u : 16u};
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
  constexpr std::size_t kHeader = 20, kHeaderChecksumAt = 10;
  out.assign({0x45, 0});
  put16(out, kHeader + behind);
  out.append({0, 0, 0, 0});
  out += static_cast<char>(hops);
  out += static_cast<char>(protocol);
  out.append({0, 0});
  out += bytes_of(from);
  out += bytes_of(to);
  Checksum sum;
  sum.add(out);
  std::string value;
  put16(value, sum.value());
  out.replace(kHeaderChecksumAt, value.size(), value);
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
  if (!from.is_ipv4()) {  // RFC 4443, section 2.3: with a pseudo-header
    sum.add(bytes_of(from));
    sum.add(bytes_of(to));
    sum.add_word(static_cast<std::uint32_t>(message.size()));
    sum.add_word(protocol);
  }
  sum.add(message);
  std::string value;
  put16(value, sum.value());
  message.replace(kChecksumAt, value.size(), value);
  return ip_header(from, to, protocol, hops, message.size()) + message;
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
