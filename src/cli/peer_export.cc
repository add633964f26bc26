// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/peer_export.h"

#include <algorithm>

#include "base/text.h"
#include "cli/columns.h"
#include "cli/site_probe.h"
#include "table/gateway_spec.h"
#include "table/line_report.h"

namespace dvpn::cli {

namespace {

/// This machine's own address in one of the networks, the first network's first.
std::optional<net::Address> own_address(const Machine& machine, const std::vector<net::Prefix>& networks) {
  for (const net::Prefix& network : networks)
    for (const Interface& interface : machine.interfaces)
      for (const Interface::Own& own : interface.addresses)
        if (network.contains(own.address)) return own.address;
  return std::nullopt;
}

std::expected<table::GatewaySpec, std::string> gateway_of(const std::string& word, const std::string& account) {
  Diagnostics said("");
  table::LineReport report(word, 1, said);
  auto gateway = table::parse_gateway(word, report);
  if (!gateway) return std::unexpected(text("gateway '", word, "': ", said.all().front().message));
  if (gateway->user == table::GatewaySpec().user) gateway->user = account;
  return *gateway;
}

}  // namespace

std::expected<PeerBlock, std::string> export_block(const PeerSite& site, const ExportOptions& options) {
  const Machine machine = probe_machine();
  const auto sshd = probe_sshd(site.files.sshd_config);
  if (!sshd) return std::unexpected(text("its host keys cannot be found out: ", sshd.error()));

  PeerBlock block;
  block.site = !options.name.empty() ? options.name : !site.config.site.name.empty() ? site.config.site.name : machine.host_name;
  block.networks = site.config.site.networks;
  block.address = own_address(machine, block.networks);
  std::vector<std::string> words = options.gateways.empty() ? site.config.site.gateways : options.gateways;
  if (words.empty()) {
    const Guess guess = guess_site(machine, {.networks = block.networks, .lan = site.config.site.lan, .wan = site.config.site.wan});
    const net::Port port = sshd->ports.empty() ? net::Port{22} : sshd->ports.front();
    if (guess.public_address) words = {table::GatewaySpec{.user = kPeersAccount, .host = guess.public_address->to_string(), .port = port}.to_string()};
  }
  if (words.empty())
    return std::unexpected("under which address or name other sites reach this machine's sshd cannot be found out: --gateway HOST[:PORT], or site.gateways");
  for (const std::string& word : words) {
    auto gateway = gateway_of(word, options.account);
    if (!gateway) return std::unexpected(gateway.error());
    block.gateways.push_back(std::move(*gateway));
  }
  block.host_keys = public_keys(sshd->host_key_files);
  if (block.host_keys.empty()) return std::unexpected(text("its sshd has no host key of type ed25519, ECDSA or RSA (sshd -T -f ", site.files.sshd_config, ")"));
  block.keys = public_keys(site.config.ssh.keys);
  if (block.keys.empty())
    return std::unexpected(text(site.config.ssh.keys.front(), ".pub cannot be read, nor made from the private key: dvpn init makes a key"));

  // What the other side would refuse is refused here.
  Diagnostics diagnostics("the block");
  const PeerBlock read = parse_peer_block(write_peer_block(block), diagnostics);
  if (diagnostics.has_errors() || read != block) return std::unexpected(text("what would be exported is wrong:\n", diagnostics.render()));
  return block;
}

std::string render_fingerprints(const PeerBlock& block) {
  Columns columns;
  const auto add = [&](const char* what, const std::vector<ssh::PublicKey>& keys) {
    for (const ssh::PublicKey& key : keys) columns.add({what, text(ssh::fingerprint(key).value_or("damaged"), " (", ssh::short_type(key), ')')});
  };
  add("host key", block.host_keys);
  add("key", block.keys);
  return columns.render();
}

}  // namespace dvpn::cli
