// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/address_sets.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "base/text.h"
#include "base/units.h"
#include "intercept/kernel_tool.h"

namespace dvpn::intercept {

namespace {

constexpr std::size_t kSmallest = 1024;  // hash buckets; ipset's own default (ipset(8))
constexpr const char* kCreate = " hash:net family ";
constexpr const char* kSize = " maxelem 262144";

struct FamilyName {
  net::Family family;
  char digit;
  const char* name;
};
constexpr FamilyName kFamilies[] = {{net::Family::kIPv4, '4', "inet"}, {net::Family::kIPv6, '6', "inet6"}};

constexpr const char* kIpset = "/usr/sbin/ipset";

}  // namespace

std::string set_commands(const std::string& name, std::span<const net::Prefix> prefixes,
                         std::span<const net::Prefix> networks) {
  std::string commands;
  for (const FamilyName& family : kFamilies) {
    const std::string live = name + family.digit;
    const std::string fresh = text(live, "-", ::getpid());
    commands += text("create ", live, kCreate, family.name, kSize, '\n');  // -exist: no error, nothing changed
    // As large from the start as it is to be: growing takes longer than filling.
    const auto size = static_cast<std::size_t>(std::ranges::count(prefixes, family.family, &net::Prefix::family));
    commands += text("create ", fresh, kCreate, family.name, kSize, " hashsize ", std::bit_ceil(std::max(size / 2, kSmallest)), "\nflush ",
                     fresh, '\n');
    for (const net::Prefix& network : networks)
      if (network.family() == family.family) commands += text("add ", fresh, ' ', network.to_string(), " nomatch\n");
    for (const net::Prefix& prefix : prefixes)
      if (prefix.family() == family.family) commands += text("add ", fresh, ' ', prefix.to_string(), '\n');
    commands += text("swap ", fresh, ' ', live, "\ndestroy ", fresh, '\n');
  }
  return commands;
}

std::string removal_commands(const std::string& name, std::span<const net::Prefix> prefixes) {
  std::string commands;
  for (const net::Prefix& prefix : prefixes)
    commands += text("del ", name, prefix.family() == net::Family::kIPv4 ? '4' : '6', ' ', prefix.to_string(), '\n');
  return commands;
}

net::Task<Result<bool>> run_ipset(std::string name, std::string commands) {
  const std::string live = name + "4";
  std::vector<std::string> list = {"ipset", "-terse", "list", live};
  auto listing = run_tool(kIpset, std::move(list), "");
  const auto present = co_await std::move(listing);
  if (!present) co_return std::unexpected(present.error());
  if (!present->ok) co_return false;
  std::vector<std::string> restore = {"ipset", "-exist", "restore"};
  auto restoring = run_tool(kIpset, std::move(restore), std::move(commands));
  const auto restored = co_await std::move(restoring);
  if (!restored) co_return std::unexpected(restored.error());
  if (!restored->ok) co_return fail(ErrorKind::kSystem, text("ipset: ", restored->complaint()));
  co_return true;
}

std::optional<unsigned> references(std::string_view listing) {
  constexpr std::string_view kField = "References: ";
  const std::size_t at = listing.find(kField);
  if (at == std::string_view::npos) return std::nullopt;
  listing.remove_prefix(at + kField.size());
  const auto count = parse_unsigned(listing.substr(0, listing.find_first_not_of("0123456789")), 1'000'000);
  return count ? std::optional(static_cast<unsigned>(*count)) : std::nullopt;
}

net::Task<RulesState> find_rules(std::string name) {
  for (const FamilyName& family : kFamilies) {
    std::vector<std::string> list = {"ipset", "-terse", "list", name + family.digit};
    auto listing = run_tool(kIpset, std::move(list), "");
    const auto set = co_await std::move(listing);
    if (!set) co_return RulesState::kUnknown;
    if (!set->ok) co_return set->output.find("does not exist") != std::string::npos ? RulesState::kAbsent : RulesState::kUnknown;
    if (references(set->output).value_or(0) == 0) co_return RulesState::kAbsent;
  }
  co_return RulesState::kInPlace;
}

}  // namespace dvpn::intercept
