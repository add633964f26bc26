// SPDX-License-Identifier: GPL-2.0-or-later
// How another machine's clock differs from ours, from one question and its answer: it was read somewhere between the two, so half of
// the time that passed is how much is not known (RFC 5905, section 8, with one stamp of the server). Pure.
#pragma once

#include <chrono>

namespace dvpn::flow {

struct ClockOffset {
  std::chrono::milliseconds ahead{0};        ///< of ours; negative: it is behind
  std::chrono::milliseconds uncertainty{0};  ///< either way
  bool operator==(const ClockOffset&) const = default;
};

using SystemTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// `asked` is our clock when the question went, `took` how long it was until the answer, `theirs` what that says.
constexpr ClockOffset clock_offset(SystemTime asked, std::chrono::milliseconds took, SystemTime theirs) {
  const std::chrono::milliseconds half = (took + std::chrono::milliseconds(1)) / 2;
  return {theirs - (asked + took / 2), half};
}

}  // namespace dvpn::flow
