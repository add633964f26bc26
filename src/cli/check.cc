// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/check.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cli/columns.h"
#include "cli/control_client.h"
#include "cli/json.h"
#include "config/file.h"

namespace dvpn::cli {

namespace {

using nlohmann::json;

struct Entry {
  const char* name;
  Check check;
};

constexpr std::array<Entry, 16> kChecks = {{{"networks", check_networks},
                                            {"table", check_table},
                                            {"key", check_keys},
                                            {"known-hosts", check_known_hosts},
                                            {"peers", check_peers},
                                            {"accounts", check_accounts},
                                            {"queue", check_queue},
                                            {"forwarding", check_forwarding},
                                            {"reverse-path", check_reverse_path},
                                            {"pings", check_pings},
                                            {"conntrack", check_conntrack},
                                            {"rules", check_rules},
                                            {"relay", check_relay},
                                            {"daemon", check_daemon},
                                            {"descriptors", check_descriptors},
                                            {"gateways", check_gateways}}};

std::string_view name(Finding::State state) {
  constexpr std::array<std::string_view, 3> kNames = {"ok", "warning", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string plural(std::size_t count, std::string_view what) { return text(count, ' ', what, count == 1 ? "" : "s"); }

CheckFacts read_facts(PeerSite site, AskGateways ask) {
  CheckFacts facts{.site = std::move(site), .ask = ask};
  if (const auto content = config::read_file(facts.site.config.table)) {
    Diagnostics diagnostics(facts.site.config.table);
    auto table = table::Table::parse(*content, diagnostics);
    if (!diagnostics.has_errors()) facts.table = std::move(table);
  }
  auto status = call_daemon(facts.site.config.control.socket, "status");
  if (status && (*status)["ok"] == true) facts.status = std::move(*status);
  return facts;
}

}  // namespace

std::size_t Findings::count(Finding::State state) const {
  return static_cast<std::size_t>(std::ranges::count(all_, state, &Finding::state));
}

Findings run_checks(const CheckFacts& facts) {
  Findings findings;
  for (const Entry& entry : kChecks) {
    findings.begin(entry.name);
    entry.check(facts, findings);
  }
  return findings;
}

std::string render(const Findings& findings) {
  Columns columns;
  for (const Finding& finding : findings.all()) {
    std::string said = finding.text;
    std::ranges::replace(said, '\n', ' ');
    columns.add({std::string(name(finding.state)), finding.check, said});
    if (!finding.remedy.empty()) columns.add({" ", " ", text("do: ", finding.remedy)});
  }
  const std::size_t failed = findings.count(Finding::State::kFailed);
  const std::size_t warnings = findings.count(Finding::State::kWarning);
  return columns.render() + (failed + warnings == 0 ? std::string("all is well\n") : text(failed, " failed, ", plural(warnings, "warning"), '\n'));
}

json to_json(const Findings& findings) {
  json list = json::array();
  for (const Finding& finding : findings.all())
    list.push_back({{"check", finding.check},
                    {"state", name(finding.state)},
                    {"text", finding.text},
                    {"remedy", finding.remedy.empty() ? json() : json(finding.remedy)}});
  return {{"v", 1},
          {"ok", true},
          {"failed", findings.count(Finding::State::kFailed)},
          {"warnings", findings.count(Finding::State::kWarning)},
          {"findings", list}};
}

std::vector<std::string> other_gateways(const table::Table& table, const std::vector<net::Prefix>& own_networks) {
  std::vector<std::string> names;
  for (const table::Route& route : table.routes()) {
    const auto is_own = [&](const net::Prefix& prefix) {
      return std::ranges::any_of(own_networks, [&](const net::Prefix& own) { return own.contains(prefix); });
    };
    if (std::ranges::all_of(route.prefixes, is_own)) continue;
    for (const table::GatewaySpec& gateway : route.gateways) names.push_back(gateway.to_string());
  }
  std::vector<std::string> sorted = names;
  std::ranges::sort(sorted);
  const auto repeated = std::ranges::unique(sorted);
  sorted.erase(repeated.begin(), repeated.end());
  std::vector<bool> seen(sorted.size());
  std::erase_if(names, [&](const std::string& one) {
    const auto at = static_cast<std::size_t>(std::ranges::lower_bound(sorted, one) - sorted.begin());
    const bool again = seen[at];
    seen[at] = true;
    return again;
  });
  return names;
}

ExitCode check_site(CommandLine& line, const SiteFiles& files, AskGateways ask) {
  if (::geteuid() != 0) return line.refuse("keys, rules and sshd's configuration are root's to look at: run it as root", kNoPermission);
  Findings findings;
  auto site = read_peer_site(files);
  if (site) {
    findings = run_checks(read_facts(std::move(*site), ask));
  } else {
    findings.begin("configuration");
    findings.failed(site.error(), "mend it, or write it with dvpn init; nothing else was looked at");
  }
  if (line.form() == Form::kJson)
    print(to_json(findings), line.out());
  else
    line.out() << render(findings);
  return findings.count(Finding::State::kFailed) > 0 ? kNo : kOk;
}

}  // namespace dvpn::cli
