// SPDX-License-Identifier: GPL-2.0-or-later
// The SSH sessions that an account has at this machine's sshd, and how they are ended.
//
// A session is a pair of processes: one of root's, which watches, and its child, which runs as the account. Until the key has been
// checked there is only the first; its title has the account's name (sshd.c, "[priv]"), so nobody slips in between. Other processes of the
// account are left alone, and so are the sessions of an sshd in another network namespace: that is another machine's.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "net/address.h"

namespace dvpn::cli {

struct SshdSession {
  pid_t pid = 0;                            ///< the one that watches; who ends it ends the session
  std::optional<net::Address> from{};       ///< nothing: it cannot be told
  std::vector<UniqueFd> processes{};        ///< all of it, by pidfd_open(2): a number may be somebody else's by now
};

/// Takes root.
std::vector<SshdSession> sshd_sessions(const std::string& account, uid_t uid);

/// Ends them with SIGTERM, and after a while with SIGKILL. False: one is still there after `within`. Blocks.
bool end_sessions(const std::vector<SshdSession>& sessions, std::chrono::milliseconds within = std::chrono::seconds(5));

/// The remote addresses of the TCP connections in a table like /proc/net/tcp or tcp6 whose socket has one of the inodes.
std::vector<net::Address> remote_addresses(const std::string& table, const std::vector<std::string>& inodes);

}  // namespace dvpn::cli
