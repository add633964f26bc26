// SPDX-License-Identifier: GPL-2.0-or-later
// relay.yaml as a plain struct: the defaults and units stand at the members. Read once by the relay's parent,
// validated, then never changed; a reload makes a new one. Its child never sees the file.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/log.h"
#include "net/address.h"

namespace dvpn::config {

/// Both ends included, 1..65535, first <= last.
struct PortRange {
  net::Port first = 1;
  net::Port last = 65535;
  bool operator==(const PortRange&) const = default;
};

enum class Protocol : std::uint8_t { kTcp, kUdp, kPing };

/// Whose address targets see.
enum class Source : std::uint8_t { kGateway, kClient };

/// What one account may reach. Rules add up: a request is allowed if any rule of its account allows it, and the first
/// that does decides about the source.
struct AccessRule {
  std::string account;           ///< a login account's name, or "*": any
  std::vector<net::Prefix> to;   ///< at least one
  std::vector<PortRange> ports;  ///< of TCP and UDP; empty: all; written as numbers and "8000-8100"
  std::vector<Protocol> protocols;  ///< empty: all
  Source source = Source::kGateway;
  std::vector<net::Prefix> from;  ///< with kClient: the clients that the account may speak for; at least one
  bool operator==(const AccessRule&) const = default;
};

struct RelayConfig {
  std::vector<net::Prefix> networks;        ///< required: the site's own
  std::string gaol = "/var/lib/dvpn/gaol";  ///< absolute
  std::string socket =
      "/run/relay.sock";             ///< inside the gaol, absolute there; the whole path fits a sockaddr_un
  std::string user = "dvpn-relay";   ///< the account that serves
  std::string group = "dvpn-peers";  ///< who may open the socket (mode 0660)
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds request_timeout{10'000};  ///< from the first byte of a request to its last
  std::chrono::milliseconds spare_timeout{600'000};   ///< a connection that has sent nothing yet
  std::chrono::milliseconds udp_timeout{180'000};     ///< a flow of datagrams, pings too, in which nothing moves
  std::vector<AccessRule> access;  ///< empty: every account may reach `networks`, all ports

  struct Limits {
    std::uint32_t flows = 20'000;  ///< connections of all accounts, spares not counted
    std::uint32_t flows_per_account = 10'000;
    std::uint32_t spares_per_account = 1'000;  ///< connections that have sent nothing yet
    std::uint32_t pipes = 256;                 ///< lent to flows while bytes are in transit
    bool operator==(const Limits&) const = default;
  } limits;

  LogLevel log_level = LogLevel::kInfo;

  bool operator==(const RelayConfig&) const = default;
};

/// Reads `content` (YAML). Everything wrong with it goes to `diagnostics`; the result is meaningful only if
/// that has no errors afterwards. Never throws.
RelayConfig parse_relay_config(const std::string& content, Diagnostics& diagnostics);

}  // namespace dvpn::config
