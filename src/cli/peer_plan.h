// SPDX-License-Identifier: GPL-2.0-or-later
// What has to change so that a peer is joined, or is no more: worked out and looked at before anything is written.
//
// A block comes from somebody else. So it may not speak for a site that is known already: its name, its address, its gateway and
// its keys stay that site's, unless the operator says otherwise by name.
#pragma once

#include <string>
#include <vector>

#include "cli/file_changes.h"
#include "cli/peer_block.h"
#include "cli/peer_site.h"
#include "cli/pins.h"

namespace dvpn::cli {

enum class OtherKeys { kRefuse, kReplace };

struct AddOptions {
  std::string account = kPeersAccount;  ///< that the peer logs in to
  OtherPins host_keys = OtherPins::kRefuse;
  OtherKeys keys = OtherKeys::kRefuse;
};

/// Plans the pins, the authorized keys and the table's line, in this order: the table goes into force by itself. The key leaves other
/// accounts' files. kConfiguration: the block cannot be taken, with a sentence that says why and what to do; kSystem: a file
/// cannot be read or locked.
Status plan_add(const PeerSite& site, const PeerBlock& block, const AddOptions& options, FileChanges& changes);

/// Plans that the site's line, its keys, and the pins of gateways that no other line has, go.
Status plan_remove(const PeerSite& site, const std::string& name, FileChanges& changes);

/// What the operator should know of a block that can be taken: a network inside another site's.
std::vector<std::string> notes_on(const PeerBlock& block, const table::Table& table);

}  // namespace dvpn::cli
