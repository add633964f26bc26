// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/choice.h"

#include <algorithm>
#include <numeric>

namespace dvpn::gateway {

namespace {

/// Hysteresis: what is current counts as a fifth, and a millisecond, nearer than it is.
std::chrono::microseconds distance(const Candidate& candidate) {
  if (!candidate.current) return candidate.round_trip;
  return std::max(candidate.round_trip * 4 / 5 - std::chrono::milliseconds(1), std::chrono::microseconds(0));
}

/// And as an eighth less loaded.
std::size_t load(const Candidate& candidate) { return candidate.current ? candidate.flows - candidate.flows / 8 : candidate.flows; }

/// Moves one of the healthy to the front, each with a chance of its weight.
void draw_by_weight(std::vector<std::size_t>& order, std::span<const Candidate> candidates, std::uint32_t random) {
  std::uint64_t total = 0;
  for (const Candidate& candidate : candidates) total += candidate.healthy ? candidate.weight : 0;
  std::uint64_t point = (total * random) >> 32;
  for (auto at = order.begin(); at != order.end() && candidates[*at].healthy; ++at) {
    if (point < candidates[*at].weight) {
      std::rotate(order.begin(), at, at + 1);
      return;
    }
    point -= candidates[*at].weight;
  }
}

}  // namespace

std::vector<std::size_t> order(table::Choose choose, std::span<const Candidate> candidates, std::uint32_t random) {
  std::vector<std::size_t> indices(candidates.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  std::ranges::stable_sort(indices, [&](std::size_t a, std::size_t b) {
    const Candidate& left = candidates[a];
    const Candidate& right = candidates[b];
    if (left.healthy != right.healthy) return left.healthy;
    if (choose == table::Choose::kLoad) return load(left) < load(right);
    if (choose == table::Choose::kRtt) return distance(left) < distance(right);
    return false;
  });
  if (choose == table::Choose::kWeight) draw_by_weight(indices, candidates, random);
  return indices;
}

}  // namespace dvpn::gateway
