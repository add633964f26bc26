// SPDX-License-Identifier: GPL-2.0-or-later
// Builds messages from pieces. (g++ 12 has no <format>.)
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace dvpn {

namespace detail {
inline void append(std::string& out, std::string_view piece) { out += piece; }
inline void append(std::string& out, char piece) { out += piece; }
inline void append(std::string& out, std::integral auto piece) { out += std::to_string(piece); }
}  // namespace detail

/// The pieces (strings, characters, integers) one after the other: text("port ", 22, " is taken").
template <class... Pieces>
std::string text(const Pieces&... pieces) {
  std::string out;
  (detail::append(out, pieces), ...);
  return out;
}

}  // namespace dvpn
