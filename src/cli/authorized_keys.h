// SPDX-License-Identifier: GPL-2.0-or-later
// Edits of a login account's file of public keys (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"): a site's keys are let in, or go. Pure; every
// other line stays as it is. A site's lines are those that have its name as their comment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ssh/public_key.h"

namespace dvpn::cli {

/// What a peer may do with its key, whatever the account's block of sshd_config says: forward, and nothing else.
inline constexpr std::string_view kKeyOptions = "restrict,port-forwarding";

/// The text with `keys` let in as `site`'s, and no others of that name. A key that is there already, under whatever name and options,
/// stays as it is.
std::string with_keys(std::string_view content, const std::string& site, const std::vector<ssh::PublicKey>& keys);

/// The text without the lines of these keys.
std::string without_keys(std::string_view content, const std::vector<ssh::PublicKey>& keys);

/// The text without the lines of that site.
std::string without_site(std::string_view content, const std::string& site);

/// Whether a line is that site's.
bool has_site(std::string_view content, const std::string& site);

/// Whether any line lets anybody in.
bool has_keys(std::string_view content);

/// Whether a line lets this key in.
bool has_key(std::string_view content, const ssh::PublicKey& key);

}  // namespace dvpn::cli
