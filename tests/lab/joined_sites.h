// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two machines with an ordinary sshd, joined by nothing but what README says: dvpn init, an exchange of two blocks, the rules, and the
// programs.
#pragma once

#include <string>

#include "site_daemon.h"

namespace dvpn::lab {

/// The operator's program at a site, which finds the others as it would when they are installed.
Result operate(const Lab& lab, const std::string& site, const std::string& words, const std::string& input = "/dev/null");

/// "init …", as it sets such a site up.
std::string init_words(const Site& site);

/// Sets up and joins the sites a and b of a lab in which nothing is installed, and starts everything. What the last init said.
std::string join(Lab& lab);

/// Has `to` take the block that `from` exports, and returns what `dvpn peer add` said.
Result exchange(const Lab& lab, const std::string& from, const std::string& to, const std::string& options = "");

}  // namespace dvpn::lab
