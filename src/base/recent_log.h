// SPDX-License-Identifier: GPL-2.0-or-later
// The last lines of the log, in memory, so that an operator can read and follow them where there is no journal. Thread-safe:
// lines come from every thread. Bounds: the number of lines, and the length of each (a longer one is cut).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace dvpn {

class RecentLog {
 public:
  static constexpr std::size_t kLongestLine = 2048;  ///< bytes

  struct Line {
    std::uint64_t number;  ///< from 1, without gaps
    std::chrono::system_clock::time_point time;
    LogLevel level;
    std::string text;  ///< as it was logged: control characters are escaped
  };

  /// Keeps `most` lines.
  explicit RecentLog(std::size_t most) : most_(most) {}
  RecentLog(const RecentLog&) = delete;
  RecentLog& operator=(const RecentLog&) = delete;

  void add(LogLevel level, std::string_view text);
  /// Keeps so many from now on.
  void resize(std::size_t most);

  /// The first `limit` of the lines that have a number above `after` and are still kept, in order.
  std::vector<Line> after(std::uint64_t after, std::size_t limit) const;
  /// The last `limit` lines, in order.
  std::vector<Line> last(std::size_t limit) const;
  /// The number of the last line; 0: there was none.
  std::uint64_t newest() const;

 private:
  void trim();
  std::vector<Line> copy(std::size_t from, std::size_t limit) const;

  mutable std::mutex mutex_;
  std::deque<Line> lines_;
  std::size_t most_;
  std::uint64_t newest_ = 0;
};

}  // namespace dvpn
