// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/echo.h"

#include <netinet/in.h>

#include <algorithm>

#include "intercept/checksum.h"
#include "intercept/ip_header.h"

namespace dvpn::intercept {

namespace {

constexpr std::size_t kHeader = 8;
constexpr std::size_t kIdentifierAt = 4, kSequenceAt = 6;

std::uint8_t protocol_of(const net::Address& address) {
  return static_cast<std::uint8_t>(address.is_ipv4() ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
}

char request_type(const net::Address& address) { return address.is_ipv4() ? char{8} : static_cast<char>(128); }
char reply_type(const net::Address& address) { return address.is_ipv4() ? char{0} : static_cast<char>(129); }

std::string header(char type, const EchoName& name) {
  std::string out{type, 0, 0, 0};
  for (const std::uint16_t value : {name.identifier, name.sequence}) {
    out += static_cast<char>(value >> 8);
    out += static_cast<char>(value & 0xff);
  }
  return out;
}

/// The kernel forwards a packet without looking at what it carries.
bool is_intact(const IpPacket& ip) {
  Checksum sum;
  if (!ip.source.is_ipv4()) add_pseudo_header(sum, ip.source, ip.destination, ip.size, ip.protocol);
  sum.add(ip.carried);
  return sum.value() == 0;
}

}  // namespace

std::optional<EchoRequest> parse_echo_request(std::string_view packet) {
  const auto ip = parse_ip(packet);
  if (!ip || ip->protocol != protocol_of(ip->source) || ip->carried.size() < kHeader || ip->size < kHeader) return std::nullopt;
  if (ip->carried[0] != request_type(ip->source) || ip->carried[1] != 0) return std::nullopt;
  EchoRequest request{.client = ip->source, .target = ip->destination, .name = {}, .payload = ip->carried.substr(kHeader), .size = ip->size - kHeader};
  request.name.identifier = static_cast<std::uint16_t>(number_at(ip->carried, kIdentifierAt, 2));
  request.name.sequence = static_cast<std::uint16_t>(number_at(ip->carried, kSequenceAt, 2));
  if (request.whole() && !is_intact(*ip)) return std::nullopt;
  return request;
}

std::string echo_reply(const net::Address& target, const net::Address& client, const EchoName& name, std::uint8_t hops,
                       std::string_view payload) {
  std::string message = header(reply_type(target), name);
  message += payload;
  return icmp_packet(target, client, hops, std::move(message));
}

Quoted quoted_echo(const net::Address& client, const net::Address& target, const EchoName& name, std::size_t payload) {
  Quoted quoted{.from = client, .to = target, .protocol = protocol_of(client), .size = payload + kHeader};
  std::ranges::copy(header(request_type(client), name), quoted.head.begin());
  return quoted;
}

}  // namespace dvpn::intercept
