// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/base64.h"

#include <cstdint>

namespace dvpn::ssh {

std::optional<std::string> from_base64(std::string_view word) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (word.size() % 4 != 0 || word.empty()) return std::nullopt;
  const std::size_t padding = word.ends_with("==") ? 2 : word.ends_with('=') ? 1 : 0;
  word.remove_suffix(padding);
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : word) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xff);
  }
  if ((bits & ((1u << held) - 1)) != 0) return std::nullopt;  // one key, one spelling
  return bytes;
}

}  // namespace dvpn::ssh
