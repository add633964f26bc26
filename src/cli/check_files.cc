// SPDX-License-Identifier: GPL-2.0-or-later
// The checks of what is on the disk: configurations, table, keys, pins.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/privileges.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/check.h"
#include "config/file.h"
#include "ssh/certificate.h"
#include "ssh/key.h"
#include "ssh/known_hosts.h"

namespace dvpn::cli {

namespace {

constexpr std::size_t kMostNamed = 5;  // of a list in a sentence

std::string words(const std::vector<net::Prefix>& networks) {
  std::string out;
  for (const net::Prefix& network : networks) out += text(out.empty() ? "" : " ", network.to_string());
  return out;
}

std::string some(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNamed); ++i) out += text(i == 0 ? "" : ", ", names[i]);
  return names.size() <= kMostNamed ? out : text(out, " and ", names.size() - kMostNamed, " more");
}

std::string oct(mode_t mode) {
  std::string out;
  for (const int shift : {6, 3, 0}) out += static_cast<char>('0' + (mode >> shift & 7));
  return out;
}

/// The daemon's own account has to read it, and nobody else.
void check_key(const std::string& path, const std::string& user, Findings& findings) {
  const std::string remedy = user.empty() ? text("chmod 600 ", path) : text("chown root:", user, ' ', path, " && chmod 640 ", path);
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return findings.failed(text(path, ": ", errno_text(errno)), "dvpn init makes one");
  if ((facts.st_mode & 037) != 0) return findings.failed(text(path, " has mode ", oct(facts.st_mode), ": others may use this private key"), remedy);
  const auto key = ssh::load_private_key(path);
  if (!key) return findings.failed(key.error().text, "ssh-keygen -p takes a passphrase away; dvpn init makes a key");
  if (user.empty()) return findings.ok(text(path, ": ", key->type, ' ', key->fingerprint));
  const auto account = find_account(user);
  if (!account) return findings.failed(account.error().text, "dvpn-chroot build makes the account");
  const bool by_owner = facts.st_uid == account->uid && (facts.st_mode & 0400) != 0;
  const bool by_group = facts.st_gid == account->gid && (facts.st_mode & 0040) != 0;
  if (!by_owner && !by_group) return findings.failed(text(path, " cannot be read by ", user), remedy);
  if (facts.st_uid != 0 && facts.st_uid != account->uid) return findings.failed(text(path, " is owned by another account than root or ", user), remedy);
  if (!by_group && (facts.st_mode & 0040) != 0 && facts.st_gid != 0)
    return findings.failed(text(path, " can be read by a group that is not ", user, "'s"), remedy);
  findings.ok(text(path, ": ", key->type, ' ', key->fingerprint));
}

void check_certificate(const std::string& key_path, Findings& findings) {
  const std::string path = key_path + "-cert.pub";
  const auto content = config::read_file(path);
  const auto certificate = content ? ssh::parse_certificate(*content) : std::unexpected(std::string());
  if (!certificate) return;  // without one all is well; one that cannot be read is the key's trouble
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string left = certificate->to ? format_duration(std::chrono::abs(*certificate->to - now)) : std::string();
  const char* const renew = "have its signer make a new one, put it in its place, then dvpn reload";
  switch (ssh::validity(*certificate, now)) {
    case ssh::Validity::kValid: return findings.ok(text(path, ": a certificate", left.empty() ? " without end" : text(" that ends in ", left)));
    case ssh::Validity::kEndsSoon: return findings.warning(text(path, " ends in ", left), renew);
    case ssh::Validity::kEnded: return findings.failed(text(path, " ended ", left, " ago"), renew);
    case ssh::Validity::kNotYet: return findings.failed(text(path, " is not valid yet"), "see whether the clock here is right, or have its signer make a new one");
  }
}

}  // namespace

void check_networks(const CheckFacts& facts, Findings& findings) {
  std::vector<net::Prefix> here = facts.site.config.site.networks;
  std::vector<net::Prefix> there = facts.site.relay.networks;
  std::ranges::sort(here);
  std::ranges::sort(there);
  if (here == there) return findings.ok(text(words(facts.site.config.site.networks), " in both configurations"));
  findings.failed(text("dvpnd.yaml says ", words(here), ", relay.yaml says ", words(there)),
                  text("make site.networks of ", facts.site.files.config, " and networks of ", facts.site.files.relay_config,
                       " the same; then dvpn reload, and reload dvpn-relay"));
}

void check_table(const CheckFacts& facts, Findings& findings) {
  const std::string& path = facts.site.config.table;
  if (!facts.table) return findings.failed(text(path, " cannot be read, or has mistakes"), "dvpn map check shows them");
  if (other_gateways(*facts.table, facts.site.config.site.networks).empty())
    return findings.warning(text(path, " leads to no other site"), "dvpn peer add joins one");
  findings.ok(text(path, ": ", facts.table->routes().size(), facts.table->routes().size() == 1 ? " line with a gateway" : " lines with gateways"));
}

void check_keys(const CheckFacts& facts, Findings& findings) {
  for (const std::string& path : facts.site.config.ssh.keys) {
    check_key(path, facts.site.config.daemon.user, findings);
    check_certificate(path, findings);
  }
}

void check_known_hosts(const CheckFacts& facts, Findings& findings) {
  const std::string& path = facts.site.config.ssh.known_hosts;
  const auto content = config::read_file(path);
  if (!content) return findings.failed(content.error().text, "dvpn peer add writes it");
  Diagnostics diagnostics(path);
  const auto pins = ssh::KnownHosts::parse(*content, diagnostics);
  if (diagnostics.warnings() > 0) {
    const Diagnostic& first = diagnostics.all().front();
    findings.warning(text(path, ':', first.line, ": ", first.message), "mend or remove the line");
  }
  if (!facts.table) return;
  std::vector<std::string> unknown;
  for (const table::Route& route : facts.table->routes()) {
    const auto is_own = [&](const net::Prefix& prefix) {
      return std::ranges::any_of(facts.site.config.site.networks, [&](const net::Prefix& own) { return own.contains(prefix); });
    };
    if (std::ranges::all_of(route.prefixes, is_own)) continue;
    for (const table::GatewaySpec& gateway : route.gateways) {
      const auto keys = pins.find(gateway.host, gateway.port);
      const bool known = std::ranges::any_of(keys, [](const ssh::PinnedKey& key) { return !key.revoked; });
      if (!known && std::ranges::find(unknown, gateway.to_string()) == unknown.end() && unknown.size() < 1000) unknown.push_back(gateway.to_string());
    }
  }
  if (!unknown.empty())
    return findings.failed(text(path, " has no host key of ", some(unknown)),
                           "dvpn peer add with that site's block; or put the key, got over a way that you trust, under the table's name there, then dvpn reload");
  findings.ok(text(path, " has a host key of every gateway in the table"));
}

void check_peers(const CheckFacts& facts, Findings& findings) {
  std::vector<std::string> with_keys;
  for (const std::string& account : login_accounts(facts.site.files)) {
    const auto content = config::read_file(text(facts.site.files.keys_folder, '/', account));
    if (!content) continue;
    std::string_view rest = *content;
    bool any = false;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      const std::size_t start = line.find_first_not_of(" \t");
      any |= start != std::string_view::npos && line[start] != '#';
    }
    if (any) with_keys.push_back(account);
  }
  if (with_keys.empty()) return findings.warning("no other site can log in here", "dvpn peer add with its block lets one in");
  findings.ok(text("other sites can log in as ", some(with_keys)));
}

}  // namespace dvpn::cli
