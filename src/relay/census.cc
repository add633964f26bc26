// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/census.h"

namespace dvpn::relay {

Census::Verdict Census::spare_came(uid_t uid) {
  // All accounts' spares together are bounded as well: by as many as there may be flows.
  if (spares_ >= limits_.flows) return Verdict::kTooManyOfAllSpares;
  Counts& counts = accounts_[uid];
  if (counts.spares >= limits_.spares_per_account) return Verdict::kTooManySpares;
  ++counts.spares;
  ++spares_;
  return Verdict::kOk;
}

void Census::spare_left(uid_t uid) {
  --accounts_[uid].spares;
  --spares_;
  forget_if_empty(uid);
}

Census::Verdict Census::promote(uid_t uid) {
  if (flows_ >= limits_.flows) return Verdict::kTooManyFlows;
  Counts& counts = accounts_[uid];
  if (counts.flows >= limits_.flows_per_account) return Verdict::kTooManyOfAccount;
  --counts.spares;
  --spares_;
  ++counts.flows;
  ++flows_;
  return Verdict::kOk;
}

Census::Verdict Census::demote(uid_t uid) {
  const Verdict verdict = spare_came(uid);
  if (verdict == Verdict::kOk) flow_left(uid);
  return verdict;
}

void Census::flow_left(uid_t uid) {
  --accounts_[uid].flows;
  --flows_;
  forget_if_empty(uid);
}

void Census::forget_if_empty(uid_t uid) {
  const auto found = accounts_.find(uid);
  if (found->second.flows == 0 && found->second.spares == 0) accounts_.erase(found);
}

}  // namespace dvpn::relay
