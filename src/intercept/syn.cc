// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/syn.h"

#include <netinet/in.h>

#include "intercept/ip_header.h"

namespace dvpn::intercept {

namespace {

constexpr std::size_t kTcpHeader = 20;

}  // namespace

std::optional<Syn> parse_syn(std::string_view packet) {
  const auto ip = parse_ip(packet);
  if (!ip || ip->protocol != IPPROTO_TCP || ip->carried.size() < kTcpHeader) return std::nullopt;

  // RFC 9293, 3.1.
  const std::string_view tcp = ip->carried;
  constexpr std::uint32_t kSyn = 0x02, kFinSynRstAck = 0x17;
  if (number_at(tcp, 12, 1) >> 4 < kTcpHeader / 4 || (number_at(tcp, 13, 1) & kFinSynRstAck) != kSyn) return std::nullopt;

  Syn syn;
  syn.client = {ip->source, static_cast<net::Port>(number_at(tcp, 0, 2))};
  syn.destination = {ip->destination, static_cast<net::Port>(number_at(tcp, 2, 2))};
  syn.sequence = number_at(tcp, 4, 4);
  if (syn.client.port == 0 || syn.destination.port == 0) return std::nullopt;
  return syn;
}

}  // namespace dvpn::intercept
