// SPDX-License-Identifier: GPL-2.0-or-later
// The pure half of site_probe.h: texts of the system into values, and values into a guess.
#include <algorithm>
#include <array>

#include "base/units.h"
#include "cli/site_probe.h"
#include "net/site_prefix.h"
#include "table/words.h"

namespace dvpn::cli {

namespace {

/// Of programs that make interfaces for their own machines: what is behind them is not the site's.
constexpr std::array<std::string_view, 16> kMade = {"docker", "br-", "virbr", "veth", "vnet", "lxcbr", "lxdbr", "podman",
                                                    "cni", "flannel", "cali", "tun", "tap", "wg", "tailscale", "zt"};

bool is_made(const std::string& name) {
  return std::ranges::any_of(kMade, [&](std::string_view start) { return name.starts_with(start); });
}

bool is_private(const net::Address& address) {
  static const std::array<net::Prefix, 4> kPrivate = {*net::Prefix::parse("10.0.0.0/8"), *net::Prefix::parse("172.16.0.0/12"),
                                                      *net::Prefix::parse("192.168.0.0/16"), *net::Prefix::parse("fc00::/7")};
  return std::ranges::any_of(kPrivate, [&](const net::Prefix& block) { return block.contains(address); });
}

/// RFC 6598: of a provider's own translation.
bool is_public(const net::Address& address) {
  static const net::Prefix kShared = *net::Prefix::parse("100.64.0.0/10");
  return !is_private(address) && !kShared.contains(address) && !address.is_loopback() && !address.is_link_local();
}

bool is_block(const net::Prefix& network) {
  return network.length() < network.address().width() && net::why_no_site_prefix(network).empty();
}

template <class T>
void add(std::vector<T>& list, const T& item) {
  if (std::ranges::find(list, item) == list.end()) list.push_back(item);
}

template <class T>
bool has(const std::vector<T>& list, const T& item) {
  return std::ranges::find(list, item) != list.end();
}

/// A name with its lines' words: "port 22".
std::vector<std::string_view> lines(std::string_view content) {
  std::vector<std::string_view> out;
  while (!content.empty()) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    out.push_back(content.substr(0, end));
    content.remove_prefix(std::min(end + 1, content.size()));
  }
  return out;
}

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> out;
  for (const std::string_view word : table::Words(line)) out.emplace_back(word);
  return out;
}

}  // namespace

Guess guess_site(const Machine& machine, const Said& said) {
  Guess guess;
  guess.wan = said.wan;
  if (guess.wan.empty())
    for (const std::string& name : machine.default_routes) add(guess.wan, name);
  guess.networks = said.networks;
  if (said.lan) guess.lan = *said.lan;
  for (const Interface& interface : machine.interfaces) {
    if (has(guess.wan, interface.name)) {
      for (const Interface::Own& own : interface.addresses)
        if (is_public(own.address) && (!guess.public_address || !guess.public_address->is_ipv4())) guess.public_address = own.address;
      continue;
    }
    const bool named = said.lan && has(*said.lan, interface.name);
    const bool may_be = !said.lan && interface.up && !is_made(interface.name);
    if (!named && !may_be) continue;
    for (const Interface::Own& own : interface.addresses) {
      const bool wanted = std::ranges::any_of(said.networks, [&](const net::Prefix& network) { return network.contains(own.address); });
      const bool found = said.networks.empty() && is_private(own.address) && is_block(own.network);
      if (!wanted && !found) continue;
      add(guess.lan, interface.name);
      if (found) add(guess.networks, own.network);
    }
  }
  const std::vector<net::Prefix> all = guess.networks;
  std::erase_if(guess.networks, [&](const net::Prefix& inner) {
    return std::ranges::any_of(all, [&](const net::Prefix& outer) { return outer != inner && outer.contains(inner); });
  });
  return guess;
}

Sshd parse_sshd(const std::string& configuration) {
  Sshd sshd;
  for (const std::string_view line : lines(configuration)) {
    const auto parts = words(line);
    if (parts.size() < 2) continue;
    if (parts[0] == "port")
      if (const auto port = parse_unsigned(parts[1], 65535)) add(sshd.ports, static_cast<net::Port>(*port));
    if (parts[0] == "hostkey") add(sshd.host_key_files, parts[1]);
  }
  return sshd;
}

std::vector<std::string> default_routes(const std::string& route, const std::string& ipv6_route) {
  std::vector<std::string> out;
  // Iface Destination Gateway Flags RefCnt Use Metric Mask …
  for (const std::string_view line : lines(route)) {
    const auto parts = words(line);
    if (parts.size() >= 8 && parts[1] == "00000000" && parts[7] == "00000000" && parts[0] != "lo") add(out, parts[0]);
  }
  // destination length source length next-hop metric refcnt use flags device; RTF_REJECT routes are on lo
  for (const std::string_view line : lines(ipv6_route)) {
    const auto parts = words(line);
    if (parts.size() >= 10 && parts[0] == std::string(32, '0') && parts[1] == "00" && parts[9] != "lo") add(out, parts[9]);
  }
  return out;
}

}  // namespace dvpn::cli
