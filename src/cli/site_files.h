// SPDX-License-Identifier: GPL-2.0-or-later
// Where a site's files are. All follow from two: dvpnd.yaml, beside which the others are, and sshd_config.
#pragma once

#include <string>

namespace dvpn::cli {

struct SiteFiles {
  std::string config;        ///< /etc/dvpn/dvpnd.yaml
  std::string relay_config;  ///< /etc/dvpn/relay.yaml
  std::string keys_folder;   ///< /etc/dvpn/authorized_keys.d: one file of public keys for each login account
  std::string sshd_config;   ///< /etc/ssh/sshd_config
  std::string dropin;        ///< /etc/ssh/sshd_config.d/00-dvpn.conf
};

inline constexpr const char* kSshdConfig = "/etc/ssh/sshd_config";

SiteFiles site_files(const std::string& config, const std::string& sshd_config);

/// "/etc/dvpn" of "/etc/dvpn/hosts"; "." of a name alone.
std::string folder_of(const std::string& path);

}  // namespace dvpn::cli
