// SPDX-License-Identifier: GPL-2.0-or-later
// The socket that stands in for a target: bound to the target's address and connected to one client. The rules lead the client's
// datagrams to it (`-m socket --transparent`), what it sends comes from the target, and its buffer in the kernel holds no other
// client's datagrams.
//
// It needs CAP_NET_ADMIN (ip(7), IP_TRANSPARENT), and CAP_NET_BIND_SERVICE for targets' ports below 1024.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "base/unique_fd.h"
#include "net/address.h"

namespace dvpn::intercept {

/// What a flow's socket may hold that was not read yet, in bytes of payload and about as much again for the kernel: while its
/// channel is being opened, a few datagrams; then some milliseconds of a fast stream.
inline constexpr int kFewDatagrams = 16 << 10;
inline constexpr int kManyDatagrams = 256 << 10;

/// Holds kFewDatagrams. An error of kConfiguration: another program of this machine has the target's port on all addresses.
Result<UniqueFd> stand_in(const net::Endpoint& target, const net::Endpoint& client);

/// As many as `bytes` may wait from now on.
void hold_datagrams(int socket, int bytes);

/// How many datagrams the kernel dropped because the buffer was full.
std::uint64_t dropped_by_kernel(int socket);

}  // namespace dvpn::intercept
