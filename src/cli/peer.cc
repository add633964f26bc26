// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/peer.h"

#include <algorithm>

#include "base/privileges.h"
#include "base/text.h"
#include "cli/authorized_keys.h"
#include "cli/columns.h"
#include "cli/control_client.h"
#include "cli/json.h"
#include "cli/peer_sessions.h"
#include "config/file.h"
#include "ssh/known_hosts.h"
#include "table/table.h"

namespace dvpn::cli {

namespace {

using nlohmann::json;

ExitCode code_of(const Error& error) { return error.kind == ErrorKind::kConfiguration ? kNo : kCannotWrite; }

table::Table table_of(const PeerSite& site) {
  Diagnostics unheard(site.config.table);
  const auto content = config::read_file(site.config.table);
  return content ? table::Table::parse(*content, unheard) : table::Table();
}

struct ShownKey {
  std::string what;
  std::string fingerprint;
  std::string type;
};

std::expected<std::vector<ShownKey>, std::string> shown_keys(const PeerBlock& block) {
  std::vector<ShownKey> out;
  const auto show = [&](const char* what, const std::vector<ssh::PublicKey>& keys) -> std::string {
    for (const ssh::PublicKey& key : keys) {
      const auto print = ssh::fingerprint(key);
      if (!print) return text(what, " of type ", key.type, ": ", print.error());
      out.push_back({what, *print, std::string(ssh::short_type(key))});
    }
    return {};
  };
  if (std::string wrong = show("host key", block.host_keys); !wrong.empty()) return std::unexpected(std::move(wrong));
  if (std::string wrong = show("key", block.keys); !wrong.empty()) return std::unexpected(std::move(wrong));
  return out;
}

std::string describe(const PeerBlock& block, const std::vector<ShownKey>& keys, const std::string& account) {
  Columns columns;
  columns.add({"site", block.site});
  for (const net::Prefix& network : block.networks) columns.add({"network", network.to_string()});
  for (const table::GatewaySpec& gateway : block.gateways) columns.add({"gateway", gateway.to_string()});
  for (const ShownKey& key : keys) columns.add({key.what, text(key.fingerprint, " (", key.type, ')')});
  columns.add({"logs in as", account});
  return columns.render();
}

json to_json(const FileChanges& changes) {
  json list = json::array();
  for (const FileChanges::Change& change : changes.changes()) list.push_back({{"file", change.path}, {"removed", change.removed}, {"added", change.added}});
  return list;
}

json to_json(const EndedSessions& sessions) {
  json left = json::array();
  for (const EndedSessions::Left& one : sessions.left)
    left.push_back({{"account", one.account}, {"pid", one.pid}, {"from", one.from.empty() ? json() : json(one.from)}});
  return {{"ended", sessions.ended}, {"left", left}};
}

/// What a change of a site's files goes through: shown, asked about, made.
class Run {
 public:
  Run(CommandLine& line, const PeerSite& site, const PeerRun& run) : line_(line), site_(site), run_(run) {}

  /// Null: go on. Else how the command ends.
  std::optional<ExitCode> ask(const std::string& question) {
    if (run_.consent == Consent::kGiven) return std::nullopt;
    const auto person = run_.terminal();
    if (!person) return line_.refuse("there is no terminal to ask on, and nothing was changed: --yes does it, --dry-run shows it");
    if (confirm(*person, question + " [y/N]", Otherwise::kNo)) return std::nullopt;
    return line_.refuse("nothing was changed");
  }

  /// dvpnd pins host keys when it reads its configuration, not when the table changes.
  void reload(json& answer) {
    const auto said = call_daemon(site_.config.control.socket, "reload", std::chrono::seconds(30));
    reloaded_ = said && (*said)["ok"] == true;
    answer["reloaded"] = reloaded_;
    if (line_.form() == Form::kJson) return;
    if (reloaded_) line_.out() << "dvpnd has read it\n";
    else if (said) line_.err() << printable(text("dvpnd did not take it: ", said->value("error", std::string("it did not say why")), '\n'));
    else line_.out() << "dvpnd does not answer here: it reads this when it starts\n";
  }

  void show(const std::string& words) {
    if (line_.form() == Form::kText) line_.out() << printable(words) << std::flush;
  }

 private:
  CommandLine& line_;
  const PeerSite& site_;
  const PeerRun& run_;
  bool reloaded_ = false;
};

}  // namespace

ExitCode peer_add(CommandLine& line, const PeerSite& site, const std::string& source, const std::string& content, const AddOptions& options,
                  const PeerRun& how) {
  Diagnostics diagnostics(source);
  const PeerBlock block = parse_peer_block(content, diagnostics);
  if (diagnostics.has_errors()) return line.refuse(diagnostics.render(), kBadData);
  const auto keys = shown_keys(block);
  if (!keys) return line.refuse(text(source, ": ", keys.error()), kBadData);

  FileChanges changes;
  if (const Status planned = plan_add(site, block, options, changes); !planned)
    return line.refuse(text(planned.error().text, "; nothing was changed"), code_of(planned.error()));
  const bool new_account = options.account != kPeersAccount && !find_account(options.account);
  const std::vector<std::string> notes = notes_on(block, table_of(site));

  Run run(line, site, how);
  json answer = {{"v", 1}, {"ok", true}, {"site", block.site}, {"written", false}, {"reloaded", false}, {"keys", json::array()}, {"notes", notes}};
  for (const ShownKey& key : *keys) answer["keys"].push_back({{"what", key.what}, {"type", key.type}, {"fingerprint", key.fingerprint}});
  answer["changes"] = to_json(changes);
  run.show(describe(block, *keys, options.account));
  for (const std::string& note : notes) run.show(text("note: ", note, '\n'));
  if (changes.empty() && !new_account) {
    run.show("nothing to change\n");
  } else {
    run.show(text('\n', changes.render(), new_account ? text("a login account ", options.account, " in the group ", site.relay.group, '\n') : ""));
    if (how.apply == Apply::kWrite) {
      if (const auto ended = run.ask("\nAre these fingerprints what the other site's administrator says, and shall it be so?")) return *ended;
      if (const Status applied = changes.apply(); !applied) return line.refuse(applied.error().text, kCannotWrite);
      if (options.account != kPeersAccount) {
        std::vector<std::string> accounts = login_accounts(site.files);
        if (const Status built = build_accounts(site, accounts); !built) {
          const Status back = changes.put_back();
          return line.refuse(text("the account ", options.account, " cannot be made: ", built.error().text, '\n',
                                  back ? std::string("nothing was changed") : back.error().text));
        }
      }
      answer["written"] = true;
      run.reload(answer);
      if (options.account != kPeersAccount)
        run.show(text("it has to log in as ", options.account, ": what dvpn peer export --account ", options.account, " prints tells it so\n"));
    }
  }
  if (line.form() == Form::kJson) print(answer, line.out());
  return kOk;
}

ExitCode peer_remove(CommandLine& line, const PeerSite& site, const std::string& name, const PeerRun& how) {
  FileChanges changes;
  if (const Status planned = plan_remove(site, name, changes); !planned)
    return line.refuse(text(planned.error().text, "; nothing was changed"), code_of(planned.error()));
  Run run(line, site, how);
  json answer = {{"v", 1}, {"ok", true}, {"site", name}, {"written", false}, {"reloaded", false}, {"changes", to_json(changes)}};
  answer["sessions"] = to_json(EndedSessions());
  const RemovedPeer peer = find_peer(site, name);
  run.show(changes.render());
  if (how.apply == Apply::kWrite) {
    if (const auto ended = run.ask("\nShall it be so? Its sessions here end as well")) return *ended;
    if (const Status applied = changes.apply(); !applied) return line.refuse(applied.error().text, kCannotWrite);
    answer["written"] = true;
    run.reload(answer);
    const EndedSessions sessions = end_sessions_of(site, peer);
    answer["sessions"] = to_json(sessions);
    run.show(render(sessions));
  }
  if (line.form() == Form::kJson) print(answer, line.out());
  return kOk;
}

ExitCode peer_end_sessions(CommandLine& line, const PeerSite& site, const std::string& account) {
  const auto ended = end_all_sessions(site, account);
  if (!ended) return line.refuse(ended.error());
  if (line.form() == Form::kJson)
    print({{"v", 1}, {"ok", true}, {"account", account}, {"ended", *ended}}, line.out());
  else
    line.out() << text(*ended, *ended == 1 ? " session of " : " sessions of ", account, " ended\n");
  return kOk;
}

ExitCode peer_list(CommandLine& line, const PeerSite& site) {
  const auto content = config::read_file(site.config.table);
  if (!content) return line.refuse(content.error().text);
  Diagnostics diagnostics(site.config.table);
  const auto table = table::Table::parse(*content, diagnostics);
  if (diagnostics.has_errors()) return line.refuse(diagnostics.render(), kBadData);
  Diagnostics unheard("");
  const auto pins_text = config::read_file(site.config.ssh.known_hosts);
  const auto pins = ssh::KnownHosts::parse(pins_text ? *pins_text : std::string(), unheard);
  std::vector<std::pair<std::string, std::string>> accounts;
  for (const std::string& account : login_accounts(site.files))
    if (auto keys = config::read_file(text(site.files.keys_folder, '/', account))) accounts.emplace_back(account, std::move(*keys));

  json peers = json::array();
  Columns columns({"SITE", "GATEWAYS", "NETWORKS", "HOST KEY", "LOGS IN AS"});
  for (const table::Route& route : table.routes()) {
    const auto is_own = [&](const net::Prefix& prefix) {
      return std::ranges::any_of(site.config.site.networks, [&](const net::Prefix& own) { return own.contains(prefix); });
    };
    if (std::ranges::all_of(route.prefixes, is_own)) continue;
    const std::string name(route.names.front());
    const bool pinned = std::ranges::all_of(route.gateways, [&](const auto& gateway) { return !pins.find(gateway.host, gateway.port).empty(); });
    std::string gateways;
    std::string networks;
    std::string as;
    json peer = {{"site", name}, {"address", route.address.to_string()}, {"gateways", json::array()}, {"networks", json::array()}, {"pinned", pinned}, {"accounts", json::array()}};
    const auto put = [&peer](const char* list, std::string& shown, const std::string& word) {
      peer[list].push_back(word);
      shown += text(shown.empty() ? "" : " ", word);
    };
    for (const auto& gateway : route.gateways) put("gateways", gateways, gateway.to_string());
    for (const auto& prefix : route.prefixes) put("networks", networks, prefix.to_string());
    for (const auto& [account, keys] : accounts)
      if (has_site(keys, name)) put("accounts", as, account);
    columns.add({name, gateways, networks, pinned ? "pinned" : "unknown", as});
    peers.push_back(std::move(peer));
  }
  if (line.form() == Form::kJson)
    print({{"v", 1}, {"ok", true}, {"peers", peers}}, line.out());
  else
    line.out() << (peers.empty() ? "no other site is in the table\n" : columns.render());
  return kOk;
}

}  // namespace dvpn::cli
