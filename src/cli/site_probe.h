// SPDX-License-Identifier: GPL-2.0-or-later
// What can be found out about a machine without asking anybody: its interfaces, which of them lead to the Internet, what its sshd
// says of itself. The first half asks the system, the second is pure.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "net/address.h"
#include "ssh/public_key.h"

namespace dvpn::cli {

struct Interface {
  struct Own {
    net::Address address;
    net::Prefix network;  ///< around it
  };
  std::string name;
  bool up = false;
  std::vector<Own> addresses;
};

struct Machine {
  std::string host_name;                    ///< up to the first dot
  std::vector<Interface> interfaces;        ///< without loopback, in the kernel's order
  std::vector<std::string> default_routes;  ///< interfaces that one leaves by
};

/// Asks the kernel (getifaddrs(3), which is netlink; /proc/net/route and ipv6_route).
Machine probe_machine();

struct Sshd {
  std::vector<net::Port> ports;
  std::vector<std::string> host_key_files;
};

/// What `sshd -T -f CONFIG` says, or why it says nothing.
std::expected<Sshd, std::string> probe_sshd(const std::string& sshd_config);

/// The public halves of private keys: FILE.pub, or what ssh-keygen -y makes of FILE. Files of other types than those that are used are left
/// out.
std::vector<ssh::PublicKey> public_keys(const std::vector<std::string>& files);

/// What a site most likely is.
struct Guess {
  std::vector<net::Prefix> networks;
  std::vector<std::string> lan;
  std::vector<std::string> wan;
  std::optional<net::Address> public_address;  ///< of a WAN interface, if one is known on the Internet
};

/// What the operator has said, which the guess does not touch: empty, or nothing said.
struct Said {
  std::vector<net::Prefix> networks{};
  std::optional<std::vector<std::string>> lan{};
  std::vector<std::string> wan{};
};

/// WAN: interfaces of a default route. LAN: others that are up and have private addresses (RFC 1918, RFC 4193) in a block of their own, but
/// not those of containers, virtual machines and tunnels. Networks: the LAN's private blocks.
Guess guess_site(const Machine& machine, const Said& said);

/// The output of sshd -T, read.
Sshd parse_sshd(const std::string& configuration);

/// Interfaces of lines of /proc/net/route and /proc/net/ipv6_route that are default routes.
std::vector<std::string> default_routes(const std::string& route, const std::string& ipv6_route);

}  // namespace dvpn::cli
