// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/load.h"

#include "base/text.h"
#include "config/file.h"
#include "config/relay_config.h"
#include "relay/host.h"

namespace dvpn::relay {

namespace {

std::unexpected<std::string> no(const std::string& path, const Error& error) {
  return std::unexpected(text(path, ": ", error.text, "\n"));
}

}  // namespace

std::expected<Loaded, std::string> load(const std::string& path, Accounts accounts) {
  const Result<std::string> content = config::read_file(path);
  if (!content) return std::unexpected(content.error().text + "\n");
  Diagnostics diagnostics(path);
  const config::RelayConfig config = config::parse_relay_config(*content, diagnostics);
  if (diagnostics.has_errors()) return std::unexpected(diagnostics.render());
  Loaded out;
  out.warnings = diagnostics.render();

  auto known = local_accounts();
  if (!known) return no(path, known.error());
  const auto addresses = interface_addresses();
  if (!addresses) return no(path, addresses.error());
  ResolvedSettings resolved = make_settings(config, *std::move(known), *addresses);
  out.settings = std::move(resolved.settings);
  for (const std::string& name : resolved.unknown_accounts)
    out.warnings += text(path, ": warning: access: there is no account '", name, "' yet; its rules do nothing\n");

  out.place = {config.gaol, config.socket, {}, 0};
  if (accounts == Accounts::kIgnored) return out;
  auto account = find_account(config.user);
  if (!account) return no(path, account.error());
  if (account->uid == 0) return std::unexpected(text(path, ": user: the relay does not serve as root\n"));
  const auto group = find_group(config.group);
  if (!group) return no(path, group.error());
  out.place.account = *std::move(account);
  out.place.group = *group;
  return out;
}

}  // namespace dvpn::relay
