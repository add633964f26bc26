// SPDX-License-Identifier: GPL-2.0-or-later
//
// A gateway of the lab on which dvpn-rules works from a dump that the test writes, without any daemon.
#pragma once

#include <string>
#include <vector>

#include "fixture.h"

namespace dvpn::lab {

/// The text of `dvpnd --dump rules`, in parts that tests change.
struct Dump {
  std::string role = "router", lan = "lan0", set = "dvpn", masquerade = "no", reject_smb = "no", gate = "hold", mark = "0x0f000000", new_per_client = "4000";
  std::vector<std::string> networks{"10.0.31.0/24", "fd00:31::/64"};
  std::vector<std::string> prefixes{"10.0.0.0/16", "10.0.32.0/24", "fd00:32::/64"};
  std::string text() const;
};

class RulesSite {
 public:
  /// `variant`: nft or legacy.
  RulesSite(const Lab& lab, const std::string& site, std::string variant);
  /// dvpn-rules COMMAND with that dump on its standard input; the deadline is generous for 65,536 prefixes.
  Result rules(const std::string& command, const std::string& dump = Dump().text()) const;
  /// install, and a failure of the test when that fails.
  void install(const Dump& dump = {}) const;
  /// Both families' iptables-save without counters, comments and tables of which only the empty built-in chains are left.
  std::string save() const;
  /// save() and the names and members of all sets and all routes: everything that could be left behind.
  std::string everything() const;
  /// iptables or ip6tables of the variant, in the gateway's namespace.
  void iptables(const std::string& arguments, int family = 4) const;
  const Host& gateway() const { return gateway_; }

 private:
  Host gateway_;
  std::string variant_;
};

/// curl's exit status, output and time for http://ADDRESS[:PORT]/, from a host; IPv6 addresses without brackets.
Result fetch(const Host& from, const std::string& address, int port = 80, const std::string& as = "");

}  // namespace dvpn::lab
