// SPDX-License-Identifier: GPL-2.0-or-later
//
// What tests of UDP and pings need of hosts and sites besides the rest.
#pragma once

#include <cstdint>
#include <string>

#include "fixture.h"

namespace dvpn::lab {

/// A counter of "udp" in the daemon's status: "flows", "up".
std::uint64_t udp_counter(const Site& site, const std::string& counter);

/// tests/lab/lib/datagrams as a client: datagrams(host, "ask", "10.0.32.2", 53, "100").
Result datagrams(const Host& host, const std::string& verb, const std::string& address, int port, const std::string& rest);
/// And as a server that sends everything back; ready on return.
Process serve_datagrams(const Host& host, const std::string& address, int port);

/// dnsmasq on one address of a host: a.test is 192.0.2.7, and long.test has a text of 250 bytes.
class Resolver {
 public:
  Resolver(const Host& host, const std::string& address);

 private:
  Process process_;
};

/// The beginning of a command: dig that asks at an address, once, for five seconds.
std::string dig(const std::string& address);

/// What tcpdump sees at a host.
class Capture {
 public:
  Capture(const Host& host, const std::string& filter);
  /// Whether a line came that has a match for the regular expression, within a moment.
  bool saw(const std::string& words) const;
  std::string text() const { return process_.out(); }

 private:
  Process process_;
};

}  // namespace dvpn::lab
