// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/peer_site.h"

#include <algorithm>
#include <filesystem>

#include "base/diagnostic.h"
#include "base/text.h"
#include "config/file.h"
#include "config/values.h"

namespace dvpn::cli {

namespace {

constexpr std::size_t kMostAccounts = 1000;

}  // namespace

std::expected<PeerSite, std::string> read_peer_site(const SiteFiles& files) {
  PeerSite site{.files = files, .config = {}, .relay = {}};
  const auto daemon = config::read_file(files.config);
  if (!daemon) return std::unexpected(text(daemon.error().text, "; dvpn init sets a site up, -c names another file"));
  Diagnostics said(files.config);
  site.config = config::parse_daemon_config(*daemon, said);
  if (said.has_errors()) return std::unexpected(said.render());
  const auto relay = config::read_file(files.relay_config);
  if (!relay) return std::unexpected(text(relay.error().text, "; dvpn init sets a site up"));
  Diagnostics of_relay(files.relay_config);
  site.relay = config::parse_relay_config(*relay, of_relay);
  if (of_relay.has_errors()) return std::unexpected(of_relay.render());
  return site;
}

std::vector<std::string> login_accounts(const SiteFiles& files) {
  std::vector<std::string> names = {kPeersAccount};
  std::error_code error;
  for (std::filesystem::directory_iterator at(files.keys_folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename();
    std::error_code unreadable;
    if (name != kPeersAccount && config::account_name(name) && at->is_regular_file(unreadable) && names.size() < kMostAccounts &&
        name.find('.') == std::string::npos)
      names.push_back(name);
  }
  std::ranges::sort(names.begin() + 1, names.end());
  return names;
}

std::vector<std::string> chroot_command(const PeerSite& site, const std::vector<std::string>& accounts, const std::string& command) {
  const auto& config = site.config;
  std::vector<std::string> words = {"dvpn-chroot",
                                    "--gaol", site.relay.gaol,
                                    "--keys", site.files.keys_folder,
                                    "--sshd-config", site.files.sshd_config,
                                    "--dropin", site.files.dropin,
                                    "--relay-user", site.relay.user,
                                    "--peers-group", site.relay.group};
  if (!config.daemon.user.empty()) words.insert(words.end(), {"--daemon-user", config.daemon.user});
  if (!config.control.group.empty()) words.insert(words.end(), {"--admin-group", config.control.group});
  for (const std::string& account : accounts) words.insert(words.end(), {"--user", account});
  words.push_back(command);
  return words;
}

Status build_accounts(const PeerSite& site, const std::vector<std::string>& accounts) {
  const auto ran = run_program(chroot_command(site, accounts, "build"));
  if (!ran) return std::unexpected(ran.error());
  if (ran->exit != 0) return fail(ErrorKind::kConfiguration, ran->complaint());
  return {};
}

}  // namespace dvpn::cli
