// SPDX-License-Identifier: GPL-2.0-or-later
// In which order the gateways of a route are tried. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "table/table.h"

namespace dvpn::gateway {

/// What is known of one gateway of the route, in the route's order.
struct Candidate {
  bool healthy = true;  ///< false while it is backing off: it is tried last
  std::size_t flows = 0;
  std::chrono::microseconds round_trip{0};  ///< zero: not known yet, counted as the nearest so that it gets known
  std::uint32_t weight = 1;
  bool current = false;  ///< the last flow of the route went through it: another one has to be clearly better
};

/// Indices into `candidates`, each once. Healthy ones come first; among equals the table's order decides. `random` is
/// uniform over its whole range and used by choose=weight alone.
std::vector<std::size_t> order(table::Choose choose, std::span<const Candidate> candidates, std::uint32_t random);

}  // namespace dvpn::gateway
