// SPDX-License-Identifier: GPL-2.0-or-later
// What a flow carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/address.h"
#include "wire/request.h"

namespace dvpn::flow {

enum class Protocol : std::uint8_t {
  kTcp,   ///< a connection: a stream each way
  kUdp,   ///< the datagrams between one client and one target
  kPing,  ///< the echo requests of one client to one target, and the replies; there are no ports
};

inline constexpr std::size_t kProtocols = 3;

/// What the relay is asked for.
constexpr wire::Kind kind_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp: break;
    case Protocol::kUdp: return wire::Kind::kUdp;
    case Protocol::kPing: return wire::Kind::kEcho;
  }
  return wire::Kind::kTcp;
}

/// The other way round; other kinds are about TCP.
constexpr Protocol protocol_of(wire::Kind kind) {
  if (kind == wire::Kind::kUdp) return Protocol::kUdp;
  return kind == wire::Kind::kEcho ? Protocol::kPing : Protocol::kTcp;
}

/// "tcp", …: in logs and status.
constexpr std::string_view name(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp: break;
    case Protocol::kUdp: return "udp";
    case Protocol::kPing: return "ping";
  }
  return "tcp";
}

/// One end of a flow, as logs and status have it.
inline std::string to_text(Protocol protocol, const net::Endpoint& end) {
  return protocol == Protocol::kPing ? end.address.to_string() : end.to_string();
}

}  // namespace dvpn::flow
