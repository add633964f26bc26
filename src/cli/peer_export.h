// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn peer export`: the block of text that another site needs of this one (peer_block.h).
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "cli/peer_block.h"
#include "cli/peer_site.h"

namespace dvpn::cli {

struct ExportOptions {
  std::vector<std::string> gateways;         ///< HOST[:PORT]; empty: site.gateways, or else the WAN's public address
  std::string account = kPeersAccount;       ///< that the other site shall log in to
  std::string name;                          ///< empty: site.name, or else the host's
};

/// Asks the machine and its sshd. An error is a sentence that says what is missing and what to do.
std::expected<PeerBlock, std::string> export_block(const PeerSite& site, const ExportOptions& options);

/// The fingerprints of a block, a line each, for comparing over another way.
std::string render_fingerprints(const PeerBlock& block);

}  // namespace dvpn::cli
