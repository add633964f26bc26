// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/recent_log.h"

#include <algorithm>

namespace dvpn {

void RecentLog::add(LogLevel level, std::string_view text) {
  const auto now = std::chrono::system_clock::now();
  const std::lock_guard lock(mutex_);
  lines_.push_back({++newest_, now, level, std::string(text.substr(0, kLongestLine))});
  trim();
}

void RecentLog::resize(std::size_t most) {
  const std::lock_guard lock(mutex_);
  most_ = most;
  trim();
}

void RecentLog::trim() {
  while (lines_.size() > most_) lines_.pop_front();
}

std::vector<RecentLog::Line> RecentLog::copy(std::size_t from, std::size_t limit) const {
  const auto begin = lines_.begin() + static_cast<std::ptrdiff_t>(std::min(from, lines_.size()));
  const auto count = std::min(limit, static_cast<std::size_t>(lines_.end() - begin));
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

std::vector<RecentLog::Line> RecentLog::after(std::uint64_t after, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t dropped = newest_ - lines_.size();  // numbers have no gaps
  return copy(after > dropped ? static_cast<std::size_t>(after - dropped) : 0, limit);
}

std::vector<RecentLog::Line> RecentLog::last(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  return copy(lines_.size() - std::min(limit, lines_.size()), limit);
}

std::uint64_t RecentLog::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

}  // namespace dvpn
