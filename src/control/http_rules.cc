// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/http_rules.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/address.h"

namespace dvpn::control {

namespace {

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// Without its port; an IPv6 address without brackets.
std::string_view host_alone(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

std::string decoded(std::string_view word) {
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    unsigned byte = 0;
    const char* const digits = word.data() + i + 1;
    if (word[i] == '%' && i + 2 < word.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += word[i] == '+' ? ' ' : word[i];
    }
  }
  return out;
}

}  // namespace

bool host_allowed(std::string_view host, std::span<const std::string> names) {
  const std::string name = lower(host_alone(host));
  return name == "localhost" || net::Address::parse(name) || std::ranges::find(names, name) != names.end();
}

std::span<const std::pair<std::string_view, std::string_view>> reply_fields() {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kFields = {{
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Cache-Control", "no-store"},
  }};
  return kFields;
}

std::vector<std::pair<std::string, std::string>> query_words(std::string_view query, std::size_t most) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!query.empty() && out.size() < most) {
    const std::string_view word = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(word.size() + 1, query.size()));
    const std::size_t equals = word.find('=');
    if (!word.empty()) out.emplace_back(decoded(word.substr(0, equals)), equals == std::string_view::npos ? "" : decoded(word.substr(equals + 1)));
  }
  return out;
}

}  // namespace dvpn::control
