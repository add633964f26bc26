// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn peer add|remove|end-sessions|list`: other sites are joined to this one, and are no more.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/command_line.h"
#include "cli/map_edit.h"
#include "cli/peer_plan.h"
#include "cli/terminal.h"

namespace dvpn::cli {

/// Who says that it shall be done.
enum class Consent { kAsk, kGiven };

struct PeerRun {
  Apply apply = Apply::kWrite;
  Consent consent = Consent::kAsk;
  /// The person to ask; null: there is nobody.
  std::function<std::unique_ptr<Asker>()> terminal = open_terminal;
};

/// Takes a block: shows who it is and what will change, asks, changes all of it or nothing, and has dvpnd read it. `source` is what
/// messages call the block. kBadData: the block is none; kNo: it cannot be taken, or the answer was no; kCannotWrite.
ExitCode peer_add(CommandLine& line, const PeerSite& site, const std::string& source, const std::string& content, const AddOptions& options,
                  const PeerRun& run);

/// The other way round: line, keys and pins go, and then its sessions (peer_sessions.h).
ExitCode peer_remove(CommandLine& line, const PeerSite& site, const std::string& name, const PeerRun& run);

/// Ends every session of a login account.
ExitCode peer_end_sessions(CommandLine& line, const PeerSite& site, const std::string& account);

/// The table's lines, with whether the gateways' host keys are pinned and which accounts let the site in.
ExitCode peer_list(CommandLine& line, const PeerSite& site);

}  // namespace dvpn::cli
