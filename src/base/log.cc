// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "base/recent_log.h"

namespace dvpn {

namespace {

std::atomic<LogLevel> threshold{LogLevel::kInfo};
std::atomic<RecentLog*> keeper{nullptr};

void append_escaped(std::string& out, std::string_view line) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

}  // namespace

void set_log_level(LogLevel level) { threshold.store(level, std::memory_order_relaxed); }

bool log_enabled(LogLevel level) { return level <= threshold.load(std::memory_order_relaxed); }

void keep_log(RecentLog* recent) { keeper.store(recent, std::memory_order_release); }

void log(LogLevel level, std::string_view line) {
  if (!log_enabled(level)) return;
  std::string out = "<" + std::to_string(static_cast<int>(level)) + ">";
  const std::size_t begin = out.size();
  append_escaped(out, line);
  if (RecentLog* const recent = keeper.load(std::memory_order_acquire)) recent->add(level, std::string_view(out).substr(begin));
  out += '\n';
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, out.data(), out.size());
}

void log_lines(LogLevel level, std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    log(level, lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

}  // namespace dvpn
