// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/datagram_table.h"

namespace dvpn::flow {

std::size_t DatagramTable::PairHash::operator()(const Pair& pair) const {
  constexpr std::size_t kSpread = 0x9e3779b97f4a7c15;
  return hash_value(pair.client) * kSpread ^ hash_value(pair.target);
}

DatagramTable::Arrival DatagramTable::arrived(const Pair& pair, Clock::time_point now) {
  if (const auto found = begun_.find(pair); found != begun_.end())
    return {.what = found->second.at + kFollows > now ? What::kFollows : What::kLate, .flow = found->second.flow};
  forget_refusals(now);
  if (const auto refusal = refusals_.find(pair); refusal != refusals_.end()) return {What::kRefused, refusal->second.verdict};
  return {What::kNew};
}

void DatagramTable::begun(const Pair& pair, FlowId flow, Clock::time_point now) {
  begun_[pair] = {now, flow};
  by_flow_[flow] = pair;
}

void DatagramTable::refused(const Pair& pair, intercept::Verdict verdict, Clock::time_point now) {
  if (refusal_order_.size() >= kMostRefusals) {
    refusals_.erase(refusal_order_.front().second);
    refusal_order_.pop_front();
  }
  const auto until = now + kRemembered;
  refusals_[pair] = {verdict, until};
  refusal_order_.emplace_back(until, pair);
}

/// A pair that was refused anew has another entry behind, which counts.
void DatagramTable::forget_refusals(Clock::time_point now) {
  while (!refusal_order_.empty() && refusal_order_.front().first <= now) {
    const auto refusal = refusals_.find(refusal_order_.front().second);
    if (refusal != refusals_.end() && refusal->second.until <= now) refusals_.erase(refusal);
    refusal_order_.pop_front();
  }
}

std::optional<DatagramTable::Pair> DatagramTable::ended(FlowId flow) {
  const auto found = by_flow_.find(flow);
  if (found == by_flow_.end()) return std::nullopt;
  const Pair pair = found->second;
  begun_.erase(pair);
  by_flow_.erase(found);
  return pair;
}

}  // namespace dvpn::flow
