// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/peer_plan.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "cli/authorized_keys.h"
#include "config/file.h"
#include "table/edit.h"
#include "table/hosts_names.h"

namespace dvpn::cli {

namespace {

using table::GatewaySpec;
using table::Route;
using table::Table;

bool has_name(const Route& route, const std::string& name) {
  return std::any_of(route.names.begin(), route.names.end(), [&](std::string_view word) { return table::same_name(word, name); });
}

bool same_door(const GatewaySpec& a, const GatewaySpec& b) { return a.host == b.host && a.port == b.port; }

std::expected<Table, std::string> read_table(const std::string& path, std::string_view content) {
  Diagnostics diagnostics(path);
  Table parsed = Table::parse(content, diagnostics);
  if (diagnostics.has_errors()) return std::unexpected(text("has mistakes:\n", diagnostics.render()));
  return parsed;
}

/// The table with the block's line, if that takes nothing from anybody.
std::expected<std::string, std::string> with_line(const std::string& path, std::string_view content, const PeerBlock& block) {
  const auto before = read_table(path, content);
  if (!before) return std::unexpected(before.error());
  for (const Route& route : before->routes()) {
    const bool same_address = route.address == block.line_address();
    if (same_address && !has_name(route, block.site))
      return std::unexpected(text("line ", route.line, " gives ", route.address.to_string(), " to ", route.names.front(), ", not to ", block.site,
                                  ": dvpn map rename, if it is the same site"));
    if (!same_address && has_name(route, block.site))
      return std::unexpected(text("line ", route.line, " has the name ", block.site, " already, with the address ", route.address.to_string(),
                                  ": dvpn peer remove ", block.site, ", if it is the same site"));
  }
  const auto edited = table::set_line(content, block.table_line());
  if (!edited) return std::unexpected(edited.error());
  if (const auto after = read_table(path, edited->content); !after) return std::unexpected(text("with this peer it ", after.error()));
  return edited->content;
}

std::expected<std::string, std::string> without_line(std::string_view content, const std::string& name) {
  const auto edited = table::remove_line(content, name);
  if (!edited) return std::unexpected(edited.error());
  return edited->content;
}

/// The site's own keys: who adds its own block has mixed two machines up.
bool is_own(const PeerSite& site, const PeerBlock& block) {
  return std::ranges::any_of(site.config.ssh.keys, [&](const std::string& path) {
    const auto content = config::read_file(path + ".pub");
    const auto own = content ? ssh::parse_public_key_file(*content) : std::unexpected(std::string());
    return own && std::ranges::find(block.keys, *own) != block.keys.end();
  });
}

Status refuse(std::string sentence) { return fail(ErrorKind::kConfiguration, std::move(sentence)); }

Status plan_keys(const PeerSite& site, const PeerBlock& block, const AddOptions& options, FileChanges& changes) {
  std::vector<std::string> accounts = login_accounts(site.files);
  if (std::ranges::find(accounts, options.account) == accounts.end()) accounts.push_back(options.account);
  for (const std::string& account : accounts) {
    const auto edit = [&](std::string_view content) -> std::expected<std::string, std::string> {
      const bool knows_site = has_site(content, block.site);
      const bool knows_key = std::ranges::any_of(block.keys, [&](const ssh::PublicKey& key) { return has_key(content, key); });
      if (knows_site && !knows_key && options.keys == OtherKeys::kRefuse)
        return std::unexpected(text(block.site, " is known there by another key. Ask its administrator, over a way that you trust, whether it was "
                                    "changed; if so: --replace-key"));
      if (knows_key && !knows_site && account != options.account)
        return std::unexpected(text("the key of ", block.site, " is let in there, under another name: --account ", account, ", or take it out of that file"));
      if (account == options.account) return with_keys(content, block.site, block.keys);
      return without_site(without_keys(content, block.keys), block.site);
    };
    if (const Status planned = changes.plan(text(site.files.keys_folder, '/', account), edit); !planned) return planned;
  }
  return {};
}

}  // namespace

Status plan_add(const PeerSite& site, const PeerBlock& block, const AddOptions& options, FileChanges& changes) {
  if (is_own(site, block)) return refuse("this is this site's own block: it is for the other site");
  for (const net::Prefix& network : block.networks)
    for (const net::Prefix& own : site.config.site.networks)
      if (network.overlaps(own))
        return refuse(text(network.to_string(), " of ", block.site, " overlaps ", own.to_string(),
                           ", this site's own: sites with the same networks are told apart by map=, see dvpn-hosts(5)"));
  const auto pin = [&](const GatewaySpec& gateway) {
    return changes.plan(site.config.ssh.known_hosts,
                        [&](std::string_view content) { return with_pins(content, gateway, block.host_keys, options.host_keys); });
  };
  for (const GatewaySpec& gateway : block.gateways)
    if (const Status planned = pin(gateway); !planned) return planned;
  if (const Status planned = plan_keys(site, block, options, changes); !planned) return planned;
  return changes.plan(site.config.table, [&](std::string_view content) { return with_line(site.config.table, content, block); });
}

Status plan_remove(const PeerSite& site, const std::string& name, FileChanges& changes) {
  std::vector<GatewaySpec> doors;
  const auto take_line = [&](std::string_view content) -> std::expected<std::string, std::string> {
    const auto before = read_table(site.config.table, content);
    if (!before) return std::unexpected(before.error());
    auto edited = without_line(content, name);
    if (!edited) return edited;
    const auto after = read_table(site.config.table, *edited);
    if (!after) return std::unexpected(after.error());
    const auto others_have = [&](const GatewaySpec& door) {
      return std::ranges::any_of(after->routes(), [&](const Route& route) {
        return std::ranges::any_of(route.gateways, [&](const GatewaySpec& gateway) { return same_door(gateway, door); });
      });
    };
    for (const Route& route : before->routes())
      if (has_name(route, name)) std::ranges::remove_copy_if(route.gateways, std::back_inserter(doors), others_have);
    return edited;
  };
  if (const Status planned = changes.plan(site.config.table, take_line); !planned) return planned;
  for (const std::string& account : login_accounts(site.files)) {
    const Status planned = changes.plan(text(site.files.keys_folder, '/', account),
                                        [&](std::string_view content) { return without_site(content, name); });
    if (!planned) return planned;
  }
  for (const GatewaySpec& door : doors) {
    const Status planned = changes.plan(site.config.ssh.known_hosts, [&](std::string_view content) { return without_pins(content, door); });
    if (!planned) return planned;
  }
  return {};
}

std::vector<std::string> notes_on(const PeerBlock& block, const Table& table) {
  std::vector<std::string> notes;
  for (const net::Prefix& network : block.networks)
    for (const Route& route : table.routes())
      for (const net::Prefix& prefix : route.prefixes)
        if (!has_name(route, block.site) && prefix != network && prefix.contains(network))
          notes.push_back(text(network.to_string(), " lies in ", prefix.to_string(), " of ", route.names.front(), ", and will be ", block.site, "'s from now on"));
  return notes;
}

}  // namespace dvpn::cli
