// SPDX-License-Identifier: GPL-2.0-or-later
#include "table/hosts_names.h"

#include <algorithm>
#include <optional>

#include "table/words.h"

namespace dvpn::table {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool has_name(const Words& line, std::string_view name) {
  const auto same = [&](std::string_view word) { return same_name(word, name); };
  return std::any_of(std::next(line.begin()), line.end(), same);
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

std::vector<net::Address> addresses_of(std::string_view content, std::string_view name) {
  std::vector<net::Address> out;
  while (!content.empty()) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    std::string_view text = content.substr(0, end);
    text = text.substr(0, text.find_first_of("#\r"));
    content.remove_prefix(std::min(end + 1, content.size()));
    const Words line(text);
    if (line.empty() || !has_name(line, name)) continue;
    const auto address = net::Address::parse(line.front());
    if (address && std::ranges::find(out, *address) == out.end()) out.push_back(*address);
  }
  return out;
}

}  // namespace dvpn::table
