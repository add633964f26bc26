// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/access_list.h"

#include <algorithm>
#include <array>

namespace dvpn::relay {

namespace {

/// 0.0.0.0 and :: reach the machine itself when they are connected to, hence they and their block are here.
const std::array<net::Prefix, 9>& special_ranges() {
  static const std::array<net::Prefix, 9> ranges = {
      *net::Prefix::parse("0.0.0.0/8"),      *net::Prefix::parse("127.0.0.0/8"), *net::Prefix::parse("169.254.0.0/16"),
      *net::Prefix::parse("224.0.0.0/4"),    *net::Prefix::parse("255.255.255.255/32"),
      *net::Prefix::parse("::/128"),         *net::Prefix::parse("::1/128"),     *net::Prefix::parse("fe80::/10"),
      *net::Prefix::parse("ff00::/8")};
  return ranges;
}

bool is_host(const net::Prefix& prefix) { return prefix.length() == prefix.address().width(); }

/// `prefix` covers `address`: whether it means it, too.
bool means(const net::Prefix& prefix, const net::Address& address) {
  return std::ranges::all_of(special_ranges(), [&](const net::Prefix& special) {
    return !special.contains(address) || special.contains(prefix);
  });
}

}  // namespace

AccessList::AccessList(std::vector<Rule> rules, const std::vector<net::Address>& wan_addresses)
    : rules_(std::move(rules)), wan_addresses_(wan_addresses.begin(), wan_addresses.end()) {}

std::optional<config::Source> AccessList::allows(uid_t caller, const Asked& asked) const {
  for (const Rule& rule : rules_)
    if (lists(rule, caller, asked.protocol, asked.target) && may_claim(rule, asked)) return rule.source;
  return std::nullopt;
}

bool AccessList::reaches(uid_t caller, config::Protocol protocol, const net::Endpoint& target) const {
  return std::ranges::any_of(rules_, [&](const Rule& rule) { return lists(rule, caller, protocol, target); });
}

bool AccessList::may_claim(const Rule& rule, const Asked& asked) const {
  if (rule.source == config::Source::kGateway) return true;
  if (!asked.client || asked.client->address.family() != asked.target.address.family()) return false;
  const net::Address& client = asked.client->address;
  return !wan_addresses_.contains(client) &&
         std::ranges::any_of(rule.from, [&](const net::Prefix& prefix) { return prefix.contains(client); });
}

bool AccessList::lists(const Rule& rule, uid_t caller, config::Protocol protocol, const net::Endpoint& target) const {
  if (rule.uid && *rule.uid != caller) return false;
  const auto covers = [&](const config::PortRange& range) {
    return range.first <= target.port && target.port <= range.last;
  };
  if (!rule.protocols.empty() && std::ranges::find(rule.protocols, protocol) == rule.protocols.end()) return false;
  const bool has_port = protocol != config::Protocol::kPing;
  if (has_port && !rule.ports.empty() && std::ranges::none_of(rule.ports, covers)) return false;
  const bool is_wan = wan_addresses_.contains(target.address);
  return std::ranges::any_of(rule.to, [&](const net::Prefix& prefix) {
    return prefix.contains(target.address) && means(prefix, target.address) && (!is_wan || is_host(prefix));
  });
}

}  // namespace dvpn::relay
