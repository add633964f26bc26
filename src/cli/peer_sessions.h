// SPDX-License-Identifier: GPL-2.0-or-later
// The sessions of a site that was taken out: a key that is gone lets nobody in any more, but who is in stays in until the session ends.
//
// An account that nobody's key opens any more loses all of its sessions. In one that other sites log in to as well sshd shows nobody whose
// key a session came with; there those go that come from the site's own gateways, and the others are named.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "cli/peer_site.h"
#include "cli/sshd_sessions.h"
#include "table/table.h"

namespace dvpn::cli {

struct RemovedPeer {
  std::vector<std::string> accounts{};            ///< that had a key of the site
  std::vector<table::GatewaySpec> gateways{};     ///< of its lines
};

/// Who it is, before it goes.
RemovedPeer find_peer(const PeerSite& site, const std::string& name);

struct EndedSessions {
  std::size_t ended = 0;
  struct Left {
    std::string account;
    pid_t pid;
    std::string from;  ///< an address; empty: it cannot be told
  };
  std::vector<Left> left{};
};

/// After its keys are gone. Blocks, for seconds at most: a gateway's name is resolved, and processes are waited for.
EndedSessions end_sessions_of(const PeerSite& site, const RemovedPeer& peer);

/// All sessions of a login account, whosever they are; how many. An error says why it is no account, or that one would not end.
std::expected<std::size_t, std::string> end_all_sessions(const PeerSite& site, const std::string& account);

/// For people: what was done, and what is left to do.
std::string render(const EndedSessions& sessions);

}  // namespace dvpn::cli
