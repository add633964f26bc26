// SPDX-License-Identifier: GPL-2.0-or-later
// What a flow carries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dvpn::flow {

enum class Protocol : std::uint8_t {
  kTcp,  ///< a connection: a stream each way
  kUdp,  ///< the datagrams between one client and one target
};

inline constexpr std::size_t kProtocols = 2;

/// "tcp", …: in logs and status.
constexpr std::string_view name(Protocol protocol) { return protocol == Protocol::kTcp ? "tcp" : "udp"; }

}  // namespace dvpn::flow
