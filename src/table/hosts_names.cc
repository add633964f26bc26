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

/// Calls `visit` with each line that has words in front of a comment, and those words.
void for_each_line(std::string_view content, const auto& visit) {
  for (std::size_t number = 1; !content.empty(); ++number) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    std::string_view line = content.substr(0, end);
    line = line.substr(0, line.find('\r'));
    const Words words(line.substr(0, line.find('#')));
    content.remove_prefix(std::min(end + 1, content.size()));
    if (!words.empty()) visit(HostsLine{number, line}, words);
  }
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

std::vector<net::Address> addresses_of(std::string_view content, std::string_view name) {
  std::vector<net::Address> out;
  for_each_line(content, [&](const HostsLine&, const Words& words) {
    const auto address = net::Address::parse(words.front());
    if (address && has_name(words, name) && std::ranges::find(out, *address) == out.end()) out.push_back(*address);
  });
  return out;
}

std::string plain_hosts(std::string_view content) {
  std::string out;
  for_each_line(content, [&](const HostsLine&, const Words& words) {
    if (!net::Address::parse(words.front()) || std::next(words.begin()) == words.end()) return;
    for (const std::string_view word : words) {
      out += word;
      out += ' ';
    }
    out.back() = '\n';
  });
  return out;
}

std::vector<HostsLine> lines_of(std::string_view content, std::string_view address_or_name) {
  const auto wanted = net::Address::parse(address_or_name);
  std::vector<HostsLine> out;
  for_each_line(content, [&](const HostsLine& line, const Words& words) {
    const auto address = net::Address::parse(words.front());
    if (!address) return;
    if (address_or_name.empty() || (wanted ? address == wanted : has_name(words, address_or_name))) out.push_back(line);
  });
  return out;
}

}  // namespace dvpn::table
