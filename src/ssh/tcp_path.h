// SPDX-License-Identifier: GPL-2.0-or-later
// What a session asks of TCP itself, on its own socket.
#pragma once

#include <chrono>

namespace dvpn::ssh {

/// The path's round trip, without anybody's queues: the shortest that the kernel has measured of late (it forgets one after five
/// minutes, net.ipv4.tcp_min_rtt_wlen). Zero while there is none.
std::chrono::microseconds shortest_round_trip(int fd);

/// Acknowledges what was read. sshd leaves Nagle's algorithm on (it has TCP_NODELAY for terminals alone): without this, a
/// small packet that follows another waits there for our delayed acknowledgement, 40 ms. Lasts for once (tcp(7)).
void acknowledge(int fd);

}  // namespace dvpn::ssh
