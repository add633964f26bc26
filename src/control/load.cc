// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/load.h"

#include "base/text.h"
#include "config/file.h"

namespace dvpn::control {

namespace {

/// Runs a parser over a file: its value, or everything that is wrong with the file.
template <class Parse>
auto load_file(const std::string& path, std::string& warnings, const Parse& parse)
    -> std::expected<decltype(parse(std::declval<const std::string&>(), std::declval<Diagnostics&>())), std::string> {
  const Result<std::string> content = config::read_file(path);
  if (!content) return std::unexpected(text(content.error().text, '\n'));
  Diagnostics diagnostics(path);
  auto value = parse(*content, diagnostics);
  diagnostics.sort();
  if (diagnostics.has_errors()) return std::unexpected(diagnostics.render());
  warnings += diagnostics.render();
  return value;
}

gateway::Settings gateway_settings(const config::DaemonConfig& config) {
  gateway::Settings settings;
  settings.ciphers = config.ssh.ciphers;
  settings.connect_timeout = config.ssh.connect_timeout;
  settings.keepalive = config.ssh.keepalive;
  settings.keepalive_misses = config.ssh.keepalive_misses;
  settings.idle_timeout = config.ssh.idle_timeout;
  settings.backoff_min = config.ssh.backoff_min;
  settings.backoff_max = config.ssh.backoff_max;
  settings.settle_time = config.ssh.settle_time;
  settings.handshakes = config.ssh.handshakes_per_gateway;
  settings.pool = {config.ssh.channels_per_session, config.ssh.sessions_per_gateway};
  return settings;
}

}  // namespace

std::expected<config::DaemonConfig, std::string> load_config(const std::string& config_path, std::string& warnings) {
  return load_file(config_path, warnings, config::parse_daemon_config);
}

std::expected<table::Table, std::string> load_table(const std::string& path, std::string& warnings) {
  return load_file(path, warnings, table::Table::parse);
}

std::expected<Loaded, std::string> load(const std::string& config_path) {
  Loaded loaded;
  auto config = load_config(config_path, loaded.warnings);
  if (!config) return std::unexpected(config.error());

  // Everything else is looked at before anything is refused: one reload shows all mistakes.
  std::string errors;
  auto table = load_table(config->table, loaded.warnings);
  if (!table) errors += table.error();
  auto known_hosts = load_file(config->ssh.known_hosts, loaded.warnings, ssh::KnownHosts::parse);
  if (!known_hosts) errors += known_hosts.error();
  auto keys = std::make_shared<std::vector<ssh::PrivateKey>>();
  for (const std::string& path : config->ssh.keys) {
    auto key = ssh::load_private_key(path);
    if (key) keys->push_back(std::move(*key));
    if (!key) errors += text(key.error().text, '\n');
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));

  auto settings = std::make_shared<gateway::Settings>(gateway_settings(*config));
  settings->keys = std::move(keys);
  settings->known_hosts = std::make_shared<const ssh::KnownHosts>(std::move(*known_hosts));
  loaded.snapshot = std::make_shared<const flow::Snapshot>(
      flow::Snapshot{std::move(*config), std::move(*table), std::move(settings)});
  return loaded;
}

}  // namespace dvpn::control
