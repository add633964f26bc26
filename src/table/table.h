// SPDX-License-Identifier: GPL-2.0-or-later
// The hosts-style table: which remote gateways serve which prefixes. An immutable value once parsed, shared
// between threads as a snapshot.
//   10.0.33.1  friday friday.vpn  #! gw.friday.example:2222 10.0.33.0/24 10.0.40.0/22  # a comment
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "net/address.h"
#include "table/prefix_map.h"
#include "table/words.h"

namespace dvpn::table {

/// Where a gateway's sshd is reached: [user@]host[:port].
struct GatewaySpec {
  std::string user = "dvpn";
  std::string host;  ///< an address or a name
  net::Port port = 22;

  /// As the table writes it, with the defaults left out: "203.0.113.7", "[2001:db8::7]:2222", "ops@gw.example".
  std::string to_string() const;
  auto operator<=>(const GatewaySpec&) const = default;
};

enum class Via : std::uint8_t { kRelay, kDirect };
enum class Choose : std::uint8_t { kPrefer, kWeight, kLoad, kRtt };

/// One line with a marker. 65,536 of them are an ordinary table: mind its size.
struct Route {
  std::size_t line = 0;  ///< in the file, from 1
  net::Address address;
  bool default_prefix = false;  ///< `prefixes` was not written: it is the block around the address
  Via via = Via::kRelay;
  Choose choose = Choose::kPrefer;
  std::optional<net::Prefix> map;     ///< destinations are translated into this prefix, one to one
  Words names;                        ///< at least one; lives as long as the table
  std::vector<GatewaySpec> gateways;  ///< at least one, in order of preference
  std::vector<net::Prefix> prefixes;  ///< at least one
  std::vector<std::uint32_t> weights;  ///< empty, or one for each gateway

  /// `original` is inside one of the prefixes. Returns what the far side is asked for.
  net::Address translate(const net::Address& original) const;
};

/// A route and the prefix of it that matched.
struct Match {
  const Route* route = nullptr;
  net::Prefix prefix;
};

class Table {
 public:
  /// Bytes in a line with a marker.
  static constexpr std::size_t kLongestLine = 8192;

  Table() = default;  ///< without routes

  /// Reads a whole hosts file. Everything wrong goes to `diagnostics`; the result is meaningful only if that has no
  /// errors afterwards. Warnings are no errors.
  static Table parse(std::string_view content, Diagnostics& diagnostics);

  /// The longest prefix that contains the address. The pointer lives as long as the table. About 100 ns.
  std::optional<Match> lookup(const net::Address& address) const;

  std::span<const Route> routes() const { return routes_; }
  /// Every prefix of every route, sorted, each once.
  std::vector<net::Prefix> prefixes() const;

 private:
  std::shared_ptr<const std::string> names_;  // what Route::names looks at; shared so that copies of a table may
  std::vector<Route> routes_;
  PrefixMap map_;  // values: index of the route
};

}  // namespace dvpn::table
