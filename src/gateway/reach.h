// SPDX-License-Identifier: GPL-2.0-or-later
// What one gateway's opens say about the sites behind it: a gateway that answers and cannot reach a site is not healthy for that site,
// and which one a site's flows went through last. Pure; kept for sites that have several gateways.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

#include "net/address.h"

namespace dvpn::gateway {

class Reach {
 public:
  using Clock = std::chrono::steady_clock;

  /// Sites that are remembered at most; others count as reachable.
  static constexpr std::size_t kMostSites = 65536;
  /// So many opens in a row have to fail: one dead host behind the gateway shall not condemn it.
  static constexpr std::uint32_t kMisses = 3;
  /// How long it is condemned for; twice as long each time that its next open fails as well.
  static constexpr auto kPenalty = std::chrono::seconds(10);
  static constexpr auto kMostPenalty = std::chrono::minutes(5);

  /// A site is known by the address of its line in the table.
  void reached(const net::Address& site, Clock::time_point now);
  void missed(const net::Address& site, Clock::time_point now);

  bool good(const net::Address& site, Clock::time_point now) const;
  /// When an open last succeeded; the clock's epoch: never.
  Clock::time_point last_reached(const net::Address& site) const;

 private:
  struct Site {
    std::uint32_t misses = 0;
    Clock::time_point bad_until{};
    Clock::time_point reached{};
  };
  Site* find(const net::Address& site);

  std::map<net::Address, Site> sites_;
};

}  // namespace dvpn::gateway
