// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <string>

namespace dvpn {

namespace {

std::atomic<LogLevel> threshold{LogLevel::kInfo};

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

void log(LogLevel level, std::string_view line) {
  if (!log_enabled(level)) return;
  std::string out = "<" + std::to_string(static_cast<int>(level)) + ">";
  append_escaped(out, line);
  out += '\n';
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, out.data(), out.size());
}

}  // namespace dvpn
