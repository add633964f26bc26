// SPDX-License-Identifier: GPL-2.0-or-later
// The call `log`: lines of the daemon's log that are still kept. {"v":1,"call":"log","last":20} has the last ones;
// {"v":1,"call":"log","after":N} those that came after line N, which is how they are followed. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "base/recent_log.h"

namespace dvpn::control {

/// Lines in one answer.
inline constexpr std::size_t kLinesListed = 1000;

struct LogCall {
  std::optional<std::uint64_t> after{};
  std::size_t last = 20;
};

/// The call, or the sentence that refuses it.
std::expected<LogCall, std::string> parse_log_call(const std::string& line);

/// With "next", the number to ask with the next time, and "lost", how many lines between were dropped already.
std::string log_answer(const LogCall& call, const RecentLog& log);

}  // namespace dvpn::control
