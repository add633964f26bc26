// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/library.h"

#include <libssh/libssh.h>

#include "base/text.h"

namespace dvpn::ssh {

Status initialize() {
  if (ssh_version(SSH_VERSION_INT(0, 10, 6)) == nullptr)
    return fail(ErrorKind::kConfiguration, text("libssh ", library_version(), " is too old: 0.10.6 is needed"));
  if (ssh_init() != SSH_OK) return fail(ErrorKind::kSystem, "libssh cannot be started");
  return {};
}

std::string library_version() {
  const std::string version = ssh_version(0);  // "0.10.6/openssl/zlib"
  return version.substr(0, version.find('/'));
}

}  // namespace dvpn::ssh
