// SPDX-License-Identifier: GPL-2.0-or-later
// What this process uses of the machine.
#pragma once

#include <chrono>
#include <cstdint>

namespace dvpn {

struct ProcessUse {
  std::uint64_t resident = 0;                            ///< bytes of memory
  std::chrono::microseconds cpu{0};                      ///< of all threads, in user and system mode
  std::chrono::system_clock::time_point started_at{};    ///< filled in by whoever knows
};

/// As it is now (proc(5), getrusage(2)). Does not block; a value that cannot be had is zero.
ProcessUse process_use();

}  // namespace dvpn
