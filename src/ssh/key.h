// SPDX-License-Identifier: GPL-2.0-or-later
// Keys: the daemon's own private ones and the gateways' public ones.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "ssh/certificate.h"

struct ssh_key_struct;

namespace dvpn::ssh {

struct FreeKey {
  void operator()(ssh_key_struct* key) const;
};
using KeyHandle = std::unique_ptr<ssh_key_struct, FreeKey>;

/// A private key in memory. Immutable: several threads may use it at once.
struct PrivateKey {
  /// As much as ssh_userauth_publickey() needs to show a certificate instead of the bare key.
  struct Certified {
    Certificate certificate;
    KeyHandle handle;
  };

  std::string path;         ///< for messages
  std::string type;         ///< "ssh-ed25519"
  std::string fingerprint;  ///< "SHA256:…" of its public half
  KeyHandle handle;
  std::optional<Certified> certified{};  ///< of PATH-cert.pub, if there is one
};

/// Reads an ed25519, ECDSA or RSA key without a passphrase, in OpenSSH's or PEM form. Blocks on the file. Errors:
/// kConfiguration; also when the file can be read by others, as ssh(1) does, and when there is a PATH-cert.pub that is no certificate of
/// this key. (Whether that is valid today is asked when it is used.)
Result<PrivateKey> load_private_key(const std::string& path);

/// "SHA256:…" as ssh-keygen -l prints it; empty if the key cannot be hashed.
std::string fingerprint(ssh_key_struct* key);

}  // namespace dvpn::ssh
