// SPDX-License-Identifier: GPL-2.0-or-later
// What one site tells another so that they can be joined: a block of text that is sent by mail, chat or on paper.
//
//   -----BEGIN DVPN PEER-----
//   version: 1
//   site: friday
//   address: 10.0.33.1                   (optional: the gateway's own, which the table's line begins with)
//   gateway: 203.0.113.9                 (one or several, the preferred first)
//   network: 10.0.33.0/24                (one or several)
//   host-key: ssh-ed25519 AAAA…          (of its sshd, one or several)
//   key: ssh-ed25519 AAAA…               (of its dvpnd, one or several)
//   -----END DVPN PEER-----
//
// It comes from somebody else and becomes lines of files that decide who gets in, so it is read strictly: every value is taken
// apart into what it means, and what is written comes from that. What stands around the block is not read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "net/address.h"
#include "ssh/public_key.h"
#include "table/table.h"

namespace dvpn::cli {

struct PeerBlock {
  std::string site;
  std::optional<net::Address> address;  ///< inside one of the networks
  std::vector<table::GatewaySpec> gateways;
  std::vector<net::Prefix> networks;
  std::vector<ssh::PublicKey> host_keys;
  std::vector<ssh::PublicKey> keys;
  bool operator==(const PeerBlock&) const = default;

  /// What the table's line begins with: `address`, or else the first one of the first network.
  net::Address line_address() const;
  /// The table's line: "10.0.33.1 friday #! 203.0.113.9 10.0.33.0/24".
  std::string table_line() const;
};

inline constexpr std::size_t kLargestBlock = 64u << 10;  // bytes, with what stands around it
inline constexpr std::size_t kMostGateways = 8;
inline constexpr std::size_t kMostNetworks = 64;
inline constexpr std::size_t kMostKeys = 8;  // of each kind

std::string write_peer_block(const PeerBlock& block);

/// Everything wrong goes to `diagnostics`; the result is meaningful only if that has no errors afterwards. Then write_peer_block() and
/// this give the same value again.
PeerBlock parse_peer_block(std::string_view content, Diagnostics& diagnostics);

}  // namespace dvpn::cli
