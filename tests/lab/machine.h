// SPDX-License-Identifier: GPL-2.0-or-later
//
// A machine of its own as far as files go: a mount namespace with a copy of /etc in which dvpn has never been, and an empty /run and
// /var/lib. What programs do there, this machine does not see.
#pragma once

#include <string>

#include "process.h"

namespace dvpn::lab {

class Machine {
 public:
  /// Throws std::runtime_error when there can be none.
  Machine();

  /// A shell command as root there.
  Result run(const std::string& command) const;
  /// The same, and a failure of the test if it does not end well.
  void must(const std::string& command) const;
  /// Every file of dvpn, sshd and dnsmasq with owner, mode and content, and every account. (passwd- and its like are the tools' own copies.)
  std::string everything() const;

 private:
  Process process_;
};

}  // namespace dvpn::lab
