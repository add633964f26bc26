// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/pins.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "ssh/known_hosts.h"

namespace dvpn::cli {

namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// A line of known_hosts without `name` among its names; empty if that was the only one.
std::string without_name(std::string_view line, std::string_view name) {
  const std::size_t start = std::min(line.find_first_not_of(" \t"), line.size());
  const std::size_t end = std::min(line.find_first_of(" \t", start), line.size());
  std::string_view names = line.substr(start, end - start);
  if (names.empty() || names.front() == '#' || names.front() == '@') return std::string(line);
  std::string kept;
  while (!names.empty()) {
    const std::size_t comma = std::min(names.find(','), names.size());
    if (!same_name(names.substr(0, comma), name)) kept += text(kept.empty() ? "" : ",", names.substr(0, comma));
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  if (kept.empty()) return {};
  return kept + std::string(line.substr(end));
}

std::vector<ssh::PinnedKey> pins_of(std::string_view content, const table::GatewaySpec& gateway) {
  Diagnostics unheard("");
  return ssh::KnownHosts::parse(content, unheard).find(gateway.host, gateway.port);
}

bool same(const ssh::PinnedKey& pin, const ssh::PublicKey& key) { return pin.type == key.type && pin.base64 == key.base64; }

}  // namespace

std::string pin_name(const table::GatewaySpec& gateway) {
  constexpr net::Port kSshPort = 22;
  return gateway.port == kSshPort ? gateway.host : text('[', gateway.host, "]:", gateway.port);
}

std::string without_pins(std::string_view content, const table::GatewaySpec& gateway) {
  const std::string name = pin_name(gateway);
  std::string out;
  while (!content.empty()) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    const std::string kept = without_name(line, name);
    if (!kept.empty() || line.empty()) out += text(kept, '\n');
  }
  return out;
}

std::expected<std::string, std::string> with_pins(std::string_view content, const table::GatewaySpec& gateway,
                                                  const std::vector<ssh::PublicKey>& keys, OtherPins others) {
  const std::vector<ssh::PinnedKey> pins = pins_of(content, gateway);
  bool any_pin = false;
  bool any_other = false;
  for (const ssh::PinnedKey& pin : pins) {
    const bool wanted = std::ranges::any_of(keys, [&](const ssh::PublicKey& key) { return same(pin, key); });
    if (pin.revoked && wanted) return std::unexpected(text("a key of ", pin_name(gateway), " is marked @revoked there: it is no longer to be trusted"));
    any_pin |= !pin.revoked;
    any_other |= !pin.revoked && !wanted;
  }
  const auto is_pinned = [&](const ssh::PublicKey& key) {
    return std::ranges::any_of(pins, [&](const ssh::PinnedKey& pin) { return same(pin, key); });
  };
  const bool all_pinned = std::ranges::all_of(keys, is_pinned);
  if (all_pinned && !(any_other && others == OtherPins::kReplace)) return std::string(content);
  const bool differs = any_pin;
  if (differs && others == OtherPins::kRefuse)
    return std::unexpected(text(pin_name(gateway), " is known there by other host keys. Ask its administrator, over a way that you trust, whether they "
                                "were changed; if so: --replace-host-key"));
  std::string out = differs ? without_pins(content, gateway) : std::string(content);
  if (!out.empty() && out.back() != '\n') out += '\n';
  for (const ssh::PublicKey& key : keys) out += text(pin_name(gateway), ' ', key.to_string(), '\n');
  return out;
}

}  // namespace dvpn::cli
