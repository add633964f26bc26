// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/routing_stop.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "intercept/kernel_tool.h"

namespace dvpn::intercept {

namespace {

constexpr const char* kIp = "/usr/sbin/ip";
constexpr std::string_view kTable = "7981";           // as in rules/parts/stop.sh
constexpr std::string_view kOurs = " proto 79";       // as in rules/parts/routes.sh
constexpr std::string_view kInUse = "throw default";  // what the installer puts there whatever the table says
constexpr std::size_t kMostCommands = 20'000;         // that one run of ip is given: within its time on any machine

enum class Kind : std::uint8_t { kThrow, kProhibit };
constexpr std::string_view word(Kind kind) { return kind == Kind::kThrow ? "throw" : "prohibit"; }

using Route = std::pair<net::Prefix, Kind>;

/// A line such as "prohibit 10.0.32.0/24 proto 79"; nothing if it is no route of ours.
std::optional<Route> parse_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view kind = line.substr(0, space), rest = line.substr(space + 1);
  if (kind != word(Kind::kThrow) && kind != word(Kind::kProhibit)) return std::nullopt;
  if (rest.find(kOurs) == std::string_view::npos) return std::nullopt;
  const auto prefix = net::Prefix::parse(rest.substr(0, rest.find(' ')));
  if (!prefix) return std::nullopt;
  return Route(*prefix, kind == word(Kind::kThrow) ? Kind::kThrow : Kind::kProhibit);
}

/// In order. A network that is also a prefix is the site's own.
std::vector<Route> wanted_routes(net::Family family, std::span<const net::Prefix> prefixes, std::span<const net::Prefix> networks) {
  std::vector<Route> wanted;
  for (const net::Prefix& network : networks)
    if (network.family() == family) wanted.emplace_back(network, Kind::kThrow);
  for (const net::Prefix& prefix : prefixes)
    if (prefix.family() == family) wanted.emplace_back(prefix, Kind::kProhibit);
  std::ranges::sort(wanted);
  const auto repeated = std::ranges::unique(wanted, {}, &Route::first);
  wanted.erase(repeated.begin(), repeated.end());
  return wanted;
}

const char* option(net::Family family) { return family == net::Family::kIPv4 ? "-4" : "-6"; }

std::vector<net::Family> families() {
  std::vector<net::Family> all = {net::Family::kIPv4};
  if (::access("/proc/net/if_inet6", F_OK) == 0) all.push_back(net::Family::kIPv6);
  return all;
}

/// The commands that make of one the other, both in order; new ones first.
std::string changes(std::span<const Route> have, std::span<const Route> wanted) {
  std::string commands;
  for (const Route& route : wanted)
    if (!std::ranges::binary_search(have, route))
      commands += text("route replace ", word(route.second), ' ', route.first.to_string(), " table ", kTable, kOurs, '\n');
  for (const Route& route : have)
    if (!std::ranges::binary_search(wanted, route.first, {}, &Route::first))
      commands += text("route del ", word(route.second), ' ', route.first.to_string(), " table ", kTable, kOurs, '\n');
  return commands;
}

net::Task<Status> run_commands(net::Family family, std::string commands) {
  for (std::size_t at = 0; at < commands.size();) {
    std::size_t end = at;
    for (std::size_t i = 0; i < kMostCommands && end < commands.size(); ++i) end = commands.find('\n', end) + 1;
    std::vector<std::string> change = {"ip", option(family), "-batch", "-"};
    auto changing = run_tool(kIp, std::move(change), commands.substr(at, end - at));
    const auto changed = co_await std::move(changing);
    if (!changed) co_return std::unexpected(changed.error());
    if (!changed->ok) co_return fail(ErrorKind::kSystem, text("ip: ", changed->complaint()));
    at = end;
  }
  co_return Status{};
}

net::Task<Result<bool>> fill_family(net::Family family, const std::vector<net::Prefix>& prefixes, const std::vector<net::Prefix>& networks) {
  std::vector<std::string> show = {"ip", option(family), "route", "show", "table", std::string(kTable)};
  auto showing = run_tool(kIp, std::move(show), "");
  const auto shown = co_await std::move(showing);
  if (!shown) co_return std::unexpected(shown.error());
  if (!shown->ok && shown->output.find("does not exist") == std::string::npos)
    co_return fail(ErrorKind::kSystem, text("ip: ", shown->complaint()));
  auto commands = stop_commands(shown->output, family, prefixes, networks);
  if (!commands) co_return false;
  auto running = run_commands(family, std::move(*commands));
  const Status ran = co_await std::move(running);
  if (!ran) co_return std::unexpected(ran.error());
  co_return true;
}

}  // namespace

std::optional<std::string> stop_commands(std::string_view listing, net::Family family, std::span<const net::Prefix> prefixes,
                                         std::span<const net::Prefix> networks) {
  std::vector<Route> have;
  bool in_use = false;
  while (!listing.empty()) {
    const std::size_t end = std::min(listing.find('\n'), listing.size());
    const std::string_view line = listing.substr(0, end);
    in_use = in_use || line.starts_with(kInUse);
    if (const auto route = parse_line(line)) have.push_back(*route);
    listing.remove_prefix(std::min(end + 1, listing.size()));
  }
  if (!in_use) return std::nullopt;
  std::ranges::sort(have);
  return changes(have, wanted_routes(family, prefixes, networks));
}

net::Task<Result<bool>> fill_stop(std::vector<net::Prefix> prefixes, std::vector<net::Prefix> networks) {
  bool all = true;
  for (const net::Family family : families()) {
    auto filling = fill_family(family, prefixes, networks);
    const Result<bool> filled = co_await std::move(filling);
    if (!filled) co_return filled;
    all = all && *filled;
  }
  co_return all;
}

net::Task<Result<bool>> change_stop(std::vector<net::Prefix> before, std::vector<net::Prefix> prefixes, std::vector<net::Prefix> networks) {
  auto looking = stop_in_place();
  bool as_before = co_await std::move(looking);
  for (const net::Family family : families()) {
    if (!as_before) break;
    auto running = run_commands(family, changes(wanted_routes(family, before, networks), wanted_routes(family, prefixes, networks)));
    const Status ran = co_await std::move(running);
    as_before = ran.has_value();
  }
  if (as_before) co_return true;
  auto filling = fill_stop(std::move(prefixes), std::move(networks));
  const Result<bool> filled = co_await std::move(filling);
  co_return filled;
}

net::Task<bool> stop_in_place() {
  for (const net::Family family : families()) {
    std::vector<std::string> show = {"ip", option(family), "rule", "show"};
    auto showing = run_tool(kIp, std::move(show), "");
    const auto shown = co_await std::move(showing);
    if (!shown || !shown->ok || shown->output.find(text(" lookup ", kTable, ' ')) == std::string::npos) co_return false;
  }
  co_return true;
}

}  // namespace dvpn::intercept
