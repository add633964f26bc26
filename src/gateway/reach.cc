// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/reach.h"

#include <algorithm>

namespace dvpn::gateway {

Reach::Site* Reach::find(const net::Address& site) {
  if (const auto found = sites_.find(site); found != sites_.end()) return &found->second;
  return sites_.size() < kMostSites ? &sites_[site] : nullptr;
}

void Reach::reached(const net::Address& site, Clock::time_point now) {
  Site* const found = find(site);
  if (found != nullptr) *found = {.misses = 0, .bad_until = {}, .reached = now};
}

void Reach::missed(const net::Address& site, Clock::time_point now) {
  constexpr std::uint32_t kMostDoublings = 5;  // beyond kMostPenalty
  Site* const found = find(site);
  if (found == nullptr || now < found->bad_until) return;  // (one that was under way, or the last resort)
  ++found->misses;
  if (found->misses < kMisses) return;
  const auto penalty = kPenalty * (1u << std::min(found->misses - kMisses, kMostDoublings));
  found->bad_until = now + std::min<Clock::duration>(penalty, kMostPenalty);
}

bool Reach::good(const net::Address& site, Clock::time_point now) const {
  const auto found = sites_.find(site);
  return found == sites_.end() || now >= found->second.bad_until;
}

Reach::Clock::time_point Reach::last_reached(const net::Address& site) const {
  const auto found = sites_.find(site);
  return found == sites_.end() ? Clock::time_point{} : found->second.reached;
}

}  // namespace dvpn::gateway
