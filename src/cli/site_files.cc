// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/site_files.h"

namespace dvpn::cli {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

SiteFiles site_files(const std::string& config, const std::string& sshd_config) {
  const std::string etc = folder_of(config);
  return {.config = config,
          .relay_config = etc + "/relay.yaml",
          .keys_folder = etc + "/authorized_keys.d",
          .sshd_config = sshd_config,
          .dropin = folder_of(sshd_config) + "/sshd_config.d/00-dvpn.conf"};
}

}  // namespace dvpn::cli
