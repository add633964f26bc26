// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/authorized_keys.h"

#include <algorithm>

#include "base/text.h"
#include "table/words.h"

namespace dvpn::cli {

namespace {

bool is_key_line(std::string_view line) {
  const std::size_t start = line.find_first_not_of(" \t");
  return start != std::string_view::npos && line[start] != '#';
}

/// The line has the key's type and, right behind it, its base64. (Options may have blanks in quotes; they are no such pair.)
bool is_line_of(std::string_view line, const ssh::PublicKey& key) {
  if (!is_key_line(line)) return false;
  std::string_view before;
  for (const std::string_view word : table::Words(line)) {
    if (before == key.type && word == key.base64) return true;
    before = word;
  }
  return false;
}

bool is_line_of_site(std::string_view line, const std::string& site) {
  if (!is_key_line(line)) return false;
  std::string_view before_last;
  std::string_view type;
  std::string_view last;
  for (const std::string_view word : table::Words(line)) {
    type = before_last;
    before_last = last;
    last = word;
  }
  return last == site && ssh::parse_public_key(text(type, ' ', before_last)).has_value();
}

template <class Goes>
std::string without(std::string_view content, const Goes& goes) {
  std::string out;
  while (!content.empty()) {
    const std::size_t end = std::min(content.find('\n'), content.size() - 1);
    std::string_view line = content.substr(0, end + 1);
    content.remove_prefix(end + 1);
    if (!goes(line.substr(0, line.find_last_not_of("\r\n") + 1))) out += line;
  }
  return out;
}

}  // namespace

bool has_site(std::string_view content, const std::string& site) { return without_site(content, site) != content; }

bool has_keys(std::string_view content) {
  return without(content, [](std::string_view line) { return is_key_line(line); }) != content;
}

bool has_key(std::string_view content, const ssh::PublicKey& key) {
  return without(content, [&](std::string_view line) { return is_line_of(line, key); }) != content;
}

std::string without_keys(std::string_view content, const std::vector<ssh::PublicKey>& keys) {
  return without(content, [&](std::string_view line) { return std::ranges::any_of(keys, [&](const ssh::PublicKey& key) { return is_line_of(line, key); }); });
}

std::string without_site(std::string_view content, const std::string& site) {
  return without(content, [&](std::string_view line) { return is_line_of_site(line, site); });
}

std::string with_keys(std::string_view content, const std::string& site, const std::vector<ssh::PublicKey>& keys) {
  std::string out = without(content, [&](std::string_view line) {
    return is_line_of_site(line, site) && std::ranges::none_of(keys, [&](const ssh::PublicKey& key) { return is_line_of(line, key); });
  });
  for (const ssh::PublicKey& key : keys) {
    if (has_key(out, key)) continue;
    if (!out.empty() && out.back() != '\n') out += '\n';
    out += text(kKeyOptions, ' ', key.to_string(), ' ', site, '\n');
  }
  return out;
}

}  // namespace dvpn::cli
