// SPDX-License-Identifier: GPL-2.0-or-later
// Who may reach what. Pure.
//
// A target is allowed if any rule of the caller's account lists its protocol, address and port (a ping has none). Some addresses mean something
// else on this machine than on the caller's (loopback, "this host", link-local, multicast, broadcast), and the
// gateway's own WAN addresses carry services that were never meant for the private network: a prefix that merely
// happens to cover such an address does not list it. It does only if it lies wholly inside that special range, or, for
// a WAN address, is exactly that host.
//
// A rule may let the account's clients keep their addresses: then it allows only what comes from one of those that it
// names, in the target's family, and none of the gateway's own.
#pragma once

#include <sys/types.h>

#include <optional>
#include <unordered_set>
#include <vector>

#include "net/address.h"
#include "relay/settings.h"

namespace dvpn::relay {

class AccessList {
 public:
  AccessList() = default;  ///< nobody reaches anything
  AccessList(std::vector<Rule> rules, const std::vector<net::Address>& wan_addresses);

  struct Asked {
    config::Protocol protocol = config::Protocol::kTcp;
    net::Endpoint target;
    std::optional<net::Endpoint> client;
  };

  /// Whose address the target sees, by the first rule that allows it; nothing if none does.
  std::optional<config::Source> allows(uid_t caller, const Asked& asked) const;
  /// Whether some rule lists the target, whoever the client is.
  bool reaches(uid_t caller, config::Protocol protocol, const net::Endpoint& target) const;

 private:
  bool lists(const Rule& rule, uid_t caller, config::Protocol protocol, const net::Endpoint& target) const;
  bool may_claim(const Rule& rule, const Asked& asked) const;

  std::vector<Rule> rules_;
  std::unordered_set<net::Address> wan_addresses_;
};

}  // namespace dvpn::relay
