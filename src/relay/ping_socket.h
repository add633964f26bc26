// SPDX-License-Identifier: GPL-2.0-or-later
// Echo requests and replies over a ping socket (icmp(7), IPPROTO_ICMP over SOCK_DGRAM), connected. The kernel picks the
// identifier, takes only replies to it, and does the checksums.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "net/address.h"

namespace dvpn::relay {

constexpr std::size_t kPingHeaderSize = 8;

/// Like send(2).
ssize_t send_ping(int fd, net::Family family, std::uint16_t sequence, std::string_view payload);

struct PingReply {
  bool valid = false;  ///< an echo reply, and whole
  net::Address from;   ///< anybody: a ping socket takes replies from anywhere, even when it is connected
  std::uint16_t sequence = 0;
  std::uint8_t hops = 0;   ///< the TTL or hop limit that it came with; 0 if that is not known
  std::size_t size = 0;  ///< of the payload, which stands kPingHeaderSize behind the start of `into`
};

/// The next one that came; nothing, with errno set, if there is none.
std::optional<PingReply> take_reply(int fd, net::Family family, std::span<char> into);

/// The sequence number of the echo request that an ICMP error quotes.
std::optional<std::uint16_t> quoted_sequence(std::string_view quoted);

}  // namespace dvpn::relay
