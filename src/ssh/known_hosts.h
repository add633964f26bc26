// SPDX-License-Identifier: GPL-2.0-or-later
// The pinned host keys, from a file in the form of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". Read once into an
// immutable index: libssh would read the whole file again for each session.
//
// Plain names only. Hashed names, patterns and certificate authorities pin nothing here: such lines are warned of.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "net/address.h"

namespace dvpn::ssh {

struct PinnedKey {
  std::string type;    ///< "ssh-ed25519", "ecdsa-sha2-nistp256", …, "ssh-rsa"
  std::string base64;  ///< the key's blob
  bool revoked = false;
};

class KnownHosts {
 public:
  KnownHosts() = default;

  /// Lines that say nothing usable become warnings; there are no errors. The result never throws anything away
  /// silently.
  static KnownHosts parse(std::string_view content, Diagnostics& diagnostics);

  /// The pins of a gateway by the host and port of the table; empty when it is unknown. As in OpenSSH, the name is
  /// "host" for port 22 and "[host]:port" otherwise.
  std::vector<PinnedKey> find(const std::string& host, net::Port port) const;

  std::size_t size() const { return pins_.size(); }

 private:
  struct Pin {
    std::string_view name;
    std::string_view type;
    std::string_view base64;
    bool revoked;
  };

  std::shared_ptr<const std::string> text_;  // what the pins point into: the file, its names in lower case
  std::vector<Pin> pins_;                    // by name; those of one name in the order of the file
};

/// The value for libssh's list of host key algorithms that these pins allow, best first; "" when none can be used.
std::string host_key_algorithms(const std::vector<PinnedKey>& pins);

}  // namespace dvpn::ssh
