// SPDX-License-Identifier: GPL-2.0-or-later
// How many connections there are, in all and by account, against the limits. Pure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <unordered_map>

#include "config/relay_config.h"

namespace dvpn::relay {

class Census {
 public:
  using Limits = config::RelayConfig::Limits;
  enum class Verdict : std::uint8_t { kOk, kTooManyFlows, kTooManyOfAccount, kTooManySpares, kTooManyOfAllSpares };

  explicit Census(const Limits& limits) : limits_(limits) {}
  void set_limits(const Limits& limits) { limits_ = limits; }

  /// A connection came. It counts only with kOk; then spare_left() or promote() must follow.
  Verdict spare_came(uid_t uid);
  void spare_left(uid_t uid);
  /// A spare's first byte came. With kOk it is a flow from now on; else it still is a spare.
  Verdict promote(uid_t uid);
  void flow_left(uid_t uid);
  /// A flow has finished and its connection stays. With kOk it is a spare from now on; else it still is a flow.
  Verdict demote(uid_t uid);

  std::uint32_t flows() const { return flows_; }
  std::uint32_t spares() const { return spares_; }

 private:
  struct Counts {
    std::uint32_t flows = 0;
    std::uint32_t spares = 0;
  };
  void forget_if_empty(uid_t uid);

  Limits limits_;
  std::unordered_map<uid_t, Counts> accounts_;
  std::uint32_t flows_ = 0;
  std::uint32_t spares_ = 0;
};

}  // namespace dvpn::relay
