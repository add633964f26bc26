// SPDX-License-Identifier: GPL-2.0-or-later
//
// A peer that speaks to a site's relay through that site's sshd, with ssh and a script in place of its daemon.
#pragma once

#include <string>

#include "fixture.h"

namespace dvpn::lab {

class RelayPeer {
 public:
  /// From a gateway ("a") to the relay of another site, at this address of its sshd. Ready on return.
  RelayPeer(const Lab& lab, const std::string& from, const std::string& gateway);
  /// What the relay says, a line for each thing (tests/lab/lib/ask).
  std::string ask(const std::string& what) const;

 private:
  Site site_;
  std::string socket_;
  Process tunnel_;
};

/// A UDP server on one address of a host that answers each datagram with who sent it, "ADDRESS PORT", and what was in it.
Process serve_udp(const Host& host, const std::string& address, int port);

}  // namespace dvpn::lab
